"""What can go wrong with posts, in words for people."""

from __future__ import annotations

from apps.errors import Conflict, NotFound, Unavailable, ValidationFailed


class IllegalMove(RuntimeError):
    """Code asked for a transition that the table does not know: a bug, never a user's mistake."""


class ChannelNotFound(NotFound):
    code = "channel_not_found"


class PostNotFound(NotFound):
    code = "post_not_found"


class TargetNotFound(NotFound):
    code = "target_not_found"


class CampaignNotFound(NotFound):
    code = "campaign_not_found"


class ContentInvalid(ValidationFailed):
    """The network would refuse this text, image or option; the message names channel and field."""

    code = "content_invalid"


class PastDate(ValidationFailed):
    code = "past_date"


class BadDate(ValidationFailed):
    code = "bad_date"


class BadBudget(ValidationFailed):
    code = "bad_budget"


class NoSlots(ValidationFailed):
    """The channel has no posting slots, or none is free in the months ahead."""

    code = "no_slots"


class NothingToSchedule(ValidationFailed):
    code = "nothing_to_schedule"


class InFlight(Conflict):
    """The post is on its way out, or out already, and cannot be changed now."""

    code = "post_in_flight"


class ChangedMeanwhile(Conflict):
    """Someone else changed it first: load again."""

    code = "changed_meanwhile"


class NotApproved(Conflict):
    """What would go out is not what was approved."""

    code = "not_approved"


class ChannelDisconnected(Conflict):
    code = "channel_disconnected"


class ChannelInUse(Conflict):
    code = "channel_in_use"


class NothingPublished(ValidationFailed):
    """Not one channel takes it; `params["results"]` says why for each. Nothing was written."""

    code = "nothing_published"


class MediaPreparing(Unavailable):
    """A video is being brought into the network's form; ask again soon."""

    code = "media_preparing"
