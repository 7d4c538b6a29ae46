"""The installation's monitoring page, below ``/staff/``."""

from __future__ import annotations

from django.urls import path

from apps.orchestrator.web import views

urlpatterns = [path("jobs/", views.staff, name="staff_jobs")]
