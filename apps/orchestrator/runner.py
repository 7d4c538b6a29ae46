"""The one Celery task: it runs jobs."""
