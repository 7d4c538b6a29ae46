from apps.orchestrator.models.event import Event, EventCounter, FailedDelivery, SubscriberCursor
from apps.orchestrator.models.job import Job, JobAttempt
from apps.orchestrator.models.schedule import Schedule, ScheduleException

__all__ = [
    "Event",
    "EventCounter",
    "FailedDelivery",
    "Job",
    "JobAttempt",
    "Schedule",
    "ScheduleException",
    "SubscriberCursor",
]
