"""Pages of the shell, below ``/w/<slug>/``."""

from __future__ import annotations

from django.urls import path

from apps.studio.web.views import activity, command, home, notifications, projects, settings

app_name = "studio"
urlpatterns = [
    path("", home.home, name="home"),
    path("home/<slug:key>", home.block, name="home_block"),
    path("activity", activity.feed, name="activity"),
    path("notifications", notifications.listing, name="notifications"),
    path("notifications/bell", notifications.bell, name="bell"),
    path("notifications/read", notifications.read_all, name="notifications_read"),
    path("notifications/<uuid:notification_id>", notifications.follow, name="notification"),
    path("command", command.listing, name="command"),
    path("actions/<str:key>", command.action, name="action"),
    path("projects", projects.listing, name="projects"),
    path("projects/new", projects.create, name="project_create"),
    path("projects/<uuid:project_id>", projects.detail, name="project"),
    path("projects/<uuid:project_id>/edit", projects.edit, name="project_edit"),
    path("projects/<uuid:project_id>/archive", projects.archive, name="project_archive"),
    path("projects/<uuid:project_id>/restore", projects.restore, name="project_restore"),
    path("settings", settings.first_page, name="settings"),
]
