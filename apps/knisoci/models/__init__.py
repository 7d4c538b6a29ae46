from apps.knisoci.models.approval import Approval
from apps.knisoci.models.channel import Channel, LatePolicy, PublishingStop, QuotaPolicy
from apps.knisoci.models.ledger import IN_FLIGHT_ATTEMPTS, Attempt, ReceiptLine
from apps.knisoci.models.metric import MetricSnapshot
from apps.knisoci.models.post import Campaign, Post, Variant
from apps.knisoci.models.target import Target

__all__ = [
    "IN_FLIGHT_ATTEMPTS",
    "Approval",
    "Attempt",
    "Campaign",
    "Channel",
    "LatePolicy",
    "MetricSnapshot",
    "Post",
    "PublishingStop",
    "QuotaPolicy",
    "ReceiptLine",
    "Target",
    "Variant",
]
