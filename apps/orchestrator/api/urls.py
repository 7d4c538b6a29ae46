"""Below ``/api/v1/w/<slug>/``."""

from __future__ import annotations

from django.urls import path

from apps.orchestrator.api import actions, views

app_name = "orchestrator_api"
urlpatterns = [
    path("actions", actions.ActionsView.as_view(), name="actions"),
    path("actions/<str:key>", actions.ActionView.as_view(), name="action"),
    path("jobs", views.JobsView.as_view(), name="jobs"),
    path("jobs/<uuid:job_id>", views.JobView.as_view(), name="job"),
    path("jobs/<uuid:job_id>/cancel", views.JobCancelView.as_view(), name="job_cancel"),
    path("jobs/<uuid:job_id>/retry", views.JobRetryView.as_view(), name="job_retry"),
    path("jobs/<uuid:job_id>/reschedule", views.JobRescheduleView.as_view(), name="job_reschedule"),
    path("jobs/<uuid:job_id>/resolve", views.JobResolveView.as_view(), name="job_resolve"),
    path("events", views.EventsView.as_view(), name="events"),
]
