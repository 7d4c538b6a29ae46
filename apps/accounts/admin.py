"""People, for staff."""

from __future__ import annotations

from typing import ClassVar

from django.contrib import admin
from unfold.decorators import display

from apps.accounts.models import User
from apps.workspaces.models import Membership
from apps.workspaces.staff.models import ReadOnlyInline, StaffAdmin


class MembershipInline(ReadOnlyInline):
    model = Membership
    fields = readonly_fields = ("workspace", "role", "created_at", "last_seen_at")


@admin.register(User)
class UserAdmin(StaffAdmin):
    """People are deactivated, never deleted. Passwords are theirs: they reset them by mail."""

    list_display = ("person", "email", "is_active", "is_staff", "joined_at", "last_login")
    list_filter = ("is_active", "is_staff", "is_superuser", "joined_at")
    search_fields = ("email", "name")
    ordering = ("-id",)
    fields = (
        ("name", "email"),
        ("time_zone", "language", "theme"),
        ("is_active", "is_staff", "is_superuser"),
        ("joined_at", "last_login", "anonymised_at"),
    )
    readonly_fields = ("email", "joined_at", "last_login", "anonymised_at")
    inlines: ClassVar = [MembershipInline]

    @display(description="Name", ordering="name")
    def person(self, user: User) -> str:
        return user.display_name

    def has_add_permission(self, request: object) -> bool:
        return False

    def has_delete_permission(self, request: object, obj: object = None) -> bool:
        return False
