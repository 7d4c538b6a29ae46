"""The monitoring page, below ``/w/<slug>/``."""

from __future__ import annotations

from django.urls import path

from apps.orchestrator.web import views

app_name = "orchestrator"
urlpatterns = [
    path("jobs/", views.listing, name="jobs"),
    path("jobs/replay", views.replay, name="jobs_replay"),
    path("jobs/<uuid:job_id>/", views.detail, name="job"),
    path("jobs/<uuid:job_id>/cancel", views.cancel, name="job_cancel"),
    path("jobs/<uuid:job_id>/retry", views.retry, name="job_retry"),
    path("jobs/<uuid:job_id>/resolve", views.resolve, name="job_resolve"),
]
