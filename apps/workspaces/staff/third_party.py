"""Third-party admins in our look: imported, taken off the site and put on again."""

from __future__ import annotations

from allauth.account.models import EmailAddress, EmailConfirmation
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount, SocialApp, SocialToken
from allauth.usersessions.models import UserSession
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group
from django_celery_beat import admin as beat
from django_celery_beat.models import (
    ClockedSchedule,
    CrontabSchedule,
    IntervalSchedule,
    PeriodicTask,
    SolarSchedule,
)
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from apps.workspaces.staff.models import ReadOnlyAdmin, StaffAdmin


class _TaskSelectWidget(UnfoldAdminSelectWidget, beat.TaskSelectWidget):
    pass


class _PeriodicTaskForm(beat.PeriodicTaskForm):
    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.fields["task"].widget = UnfoldAdminTextInputWidget()
        self.fields["regtask"].widget = _TaskSelectWidget()


class PeriodicTaskAdmin(StaffAdmin, beat.PeriodicTaskAdmin):
    form = _PeriodicTaskForm


class IntervalScheduleAdmin(StaffAdmin, beat.IntervalScheduleAdmin):
    pass


class CrontabScheduleAdmin(StaffAdmin, beat.CrontabScheduleAdmin):
    pass


class ClockedScheduleAdmin(StaffAdmin, beat.ClockedScheduleAdmin):
    pass


class EmailAddressAdmin(ReadOnlyAdmin):
    list_display = ("email", "user", "verified", "primary")
    list_filter = ("verified", "primary")
    list_select_related = ("user",)
    search_fields = ("email", "user__email", "user__name")


class AuthenticatorAdmin(ReadOnlyAdmin):
    """Which second factors a person has; never what they are."""

    list_display = ("user", "type", "created_at", "last_used_at")
    list_filter = ("type",)
    list_select_related = ("user",)
    search_fields = ("user__email", "user__name")
    exclude = ("data",)


class SocialAccountAdmin(ReadOnlyAdmin):
    list_display = ("user", "provider", "uid", "date_joined", "last_login")
    list_filter = ("provider",)
    list_select_related = ("user",)
    search_fields = ("user__email", "uid")
    exclude = ("extra_data",)


class UserSessionAdmin(ReadOnlyAdmin):
    list_display = ("user", "ip", "created_at", "last_seen_at")
    list_select_related = ("user",)
    search_fields = ("user__email", "user__name", "ip")
    exclude = ("session_key", "data")


class LogEntryAdmin(ReadOnlyAdmin):
    """What staff changed on these sites."""

    list_display = ("action_time", "user", "content_type", "object_repr", "change_message")
    list_filter = ("action_flag",)
    list_select_related = ("user", "content_type")
    search_fields = ("object_repr", "change_message", "user__email")


# Not used here (times are wall times, rights are roles), or nothing but secrets.
_HIDDEN = (SolarSchedule, Group, EmailConfirmation, SocialApp, SocialToken)


def dress() -> None:
    """Called when all admin modules are loaded."""
    for model, with_admin in (
        (EmailAddress, EmailAddressAdmin),
        (Authenticator, AuthenticatorAdmin),
        (SocialAccount, SocialAccountAdmin),
        (UserSession, UserSessionAdmin),
        (LogEntry, LogEntryAdmin),
        (PeriodicTask, PeriodicTaskAdmin),
        (IntervalSchedule, IntervalScheduleAdmin),
        (CrontabSchedule, CrontabScheduleAdmin),
        (ClockedSchedule, ClockedScheduleAdmin),
    ):
        if admin.site.is_registered(model):
            admin.site.unregister(model)
        admin.site.register(model, with_admin)
    for model in _HIDDEN:
        if admin.site.is_registered(model):
            admin.site.unregister(model)
