"""Describing the brand."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction

from apps.errors import ValidationFailed
from apps.knowledge import permissions
from apps.knowledge.crawl.addresses import AddressInvalid, clean_address
from apps.knowledge.models import Brand
from apps.knowledge.reading import Look
from apps.orchestrator import services as orchestrator
from apps.workspaces.tenancy import require_workspace
from apps.workspaces.types import Actor

_EDITABLE = ("name", "website", "description", "audience", "language", "colours", "logo_url")


def ensure(*, actor: Actor) -> Brand:
    """The workspace's brand, made with the workspace's name when there is none yet."""
    brand = Brand.objects.first()
    if brand is None:
        actor.require(permissions.MANAGE)
        brand = Brand.objects.create(name=require_workspace().name)
    return brand


@transaction.atomic
def update(*, actor: Actor, **changes: Any) -> Brand:
    """Change what is given; emits `brand.updated` when anything differs.

    Raises ValidationFailed with the field named, and TypeError for a field that is not editable.
    """
    actor.require(permissions.EDIT_BRAND)
    unknown = changes.keys() - set(_EDITABLE)
    if unknown:
        raise TypeError(f"A brand has no {sorted(unknown)} to change")
    brand = Brand.objects.select_for_update().first() or Brand(name=require_workspace().name)
    if changes.get("website"):
        try:
            changes["website"] = clean_address(changes["website"])
        except AddressInvalid as error:
            raise ValidationFailed(error.message, code=error.code, field="website") from error
    changed = sorted(name for name, value in changes.items() if getattr(brand, name) != value)
    for name in changed:
        setattr(brand, name, changes[name])
    try:
        brand.full_clean()
    except ValidationError as error:
        field, messages = next(iter(error.message_dict.items()))
        raise ValidationFailed(messages[0], field=field) from error
    if changed or brand._state.adding:
        brand.save()
        orchestrator.emit(
            actor=actor,
            kind="brand.updated",
            subject=("brand", str(brand.pk)),
            data={"changed": changed},
            summary=f"Changed the brand basics of {brand}",
        )
    return brand


def fill_from_look(*, brand: Brand, look: Look, language: str | None) -> None:
    """Fill what is still blank with what the website shows; what people typed stays."""
    found = {
        "description": look.description,
        "colours": list(look.colours),
        "logo_url": look.logo_url,
        "language": language or "",
    }
    with transaction.atomic():
        brand = Brand.objects.select_for_update().get(pk=brand.pk)
        missing = [name for name, value in found.items() if value and not getattr(brand, name)]
        for name in missing:
            setattr(brand, name, found[name])
        if not brand.name and look.name:
            brand.name = look.name
            missing.append("name")
        if missing:
            brand.save(update_fields=[*missing, "updated_at"])
