"""Connected accounts of a workspace, for staff. Credentials and data keys are on no page."""

from __future__ import annotations

from django.contrib import admin

from apps.integrations.models import Connection
from apps.workspaces.staff.models import ReadOnlyAdmin
from apps.workspaces.staff.sites import workspace_site


@admin.register(Connection, site=workspace_site)
class ConnectionAdmin(ReadOnlyAdmin):
    list_display = ("handle", "provider", "host", "state", "last_checked_at", "last_error_code")
    list_filter = ("provider", "state")
    search_fields = ("handle", "name", "host", "remote_id")
