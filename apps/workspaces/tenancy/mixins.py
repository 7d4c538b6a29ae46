"""django-tenants' model mixins, handed on through the one door."""

from django_tenants.models import DomainMixin, TenantMixin

__all__ = ["DomainMixin", "TenantMixin"]
