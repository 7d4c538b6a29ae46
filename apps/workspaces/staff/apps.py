from __future__ import annotations

from django.contrib.admin.apps import AdminConfig


class StaffAdminConfig(AdminConfig):
    """Makes ours the default site, so that third-party admins end up on it too."""

    default_site = "apps.workspaces.staff.sites.StaffSite"

    def ready(self) -> None:
        super().ready()
        from apps.workspaces.staff.third_party import dress

        dress()
