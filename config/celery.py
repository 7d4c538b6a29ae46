"""The Celery application. Celery wakes jobs; what a job is and whether it ran lives in PostgreSQL."""

from __future__ import annotations

import os

from celery import Celery
from celery.signals import setup_logging

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.local")

app = Celery("candy")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["apps.orchestrator"], related_name="runner")


@setup_logging.connect
def keep_our_logging(**_: object) -> None:
    """A receiver is all Celery needs to leave the logging to Django's settings."""
