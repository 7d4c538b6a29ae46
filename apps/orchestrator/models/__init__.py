from apps.orchestrator.models.event import Event, EventCounter, FailedDelivery, SubscriberCursor
from apps.orchestrator.models.idempotent_request import IdempotentRequest
from apps.orchestrator.models.job import Job, JobAttempt
from apps.orchestrator.models.schedule import Schedule, ScheduleException

__all__ = [
    "Event",
    "EventCounter",
    "FailedDelivery",
    "IdempotentRequest",
    "Job",
    "JobAttempt",
    "Schedule",
    "ScheduleException",
    "SubscriberCursor",
]
