"""What Instagram's refusals mean, beyond what all of Graph shares. Containers use the same numbers."""

from __future__ import annotations

from ..errors import ErrorKind
from ..meta.errors import ANY, SHARED, Meaning, Table
from ..meta.graph import Dialect


def _media(message: str) -> Meaning:
    return Meaning(ErrorKind.MEDIA_INVALID, message, "media")


# A server that is down for a minute looks just like one that is not there: try again a few times.
_FETCH = Meaning(
    ErrorKind.TRANSIENT_SAFE, "Instagram could not fetch the file from this installation.", "media"
)
_AGAIN = Meaning(ErrorKind.TRANSIENT_SAFE, "Instagram could not take the file this time.")
# The container tells whether it is worth making anew: see Containers.publish.
_OLD = Meaning(ErrorKind.VALIDATION, "The prepared post is no longer good.")
_RATIO = _media("The shape of the picture must lie between 4:5 and 1.91:1.")
_TAGS = Meaning(ErrorKind.VALIDATION, "A product tag cannot be used.")

TABLE: Table = {
    **SHARED,
    (9, 2207042): Meaning(ErrorKind.QUOTA_EXHAUSTED, "The posts of these 24 hours are used up."),
    # Reported for posts that went live all the same.
    (ANY, 2207051): Meaning(
        ErrorKind.AMBIGUOUS, "Held back as spam, though it may be live already."
    ),
    (ANY, 2207001): Meaning(ErrorKind.POLICY_BLOCKED, "Instagram takes this for spam."),
    (ANY, 2207050): Meaning(
        ErrorKind.POLICY_BLOCKED, "The account is restricted; open Instagram to see why."
    ),
    (9007, ANY): Meaning(ErrorKind.MEDIA_NOT_READY, "The post is still being prepared."),
    (ANY, 2207027): Meaning(ErrorKind.MEDIA_NOT_READY, "The post is still being prepared."),
    # A container that was made just now is known to some of their machines only.
    (100, 33): Meaning(ErrorKind.MEDIA_NOT_READY, "Instagram does not know this object (yet)."),
    (9004, ANY): _FETCH,
    (ANY, 2207052): _FETCH,
    (ANY, 2207003): _AGAIN,
    (ANY, 2207032): _AGAIN,
    (ANY, 2207053): _AGAIN,
    (ANY, 2207077): _AGAIN,
    (ANY, 2207082): _AGAIN,
    (ANY, 2207008): _OLD,
    (ANY, 2207020): _OLD,
    (ANY, 2207006): _OLD,
    (110, ANY): Meaning(
        ErrorKind.VALIDATION,
        "Instagram cannot tag one of these people: the name is wrong or the account is private.",
        "user_tags",
    ),
    (ANY, 2207057): Meaning(
        ErrorKind.VALIDATION, "The cover's moment lies outside the video.", "cover"
    ),
    (ANY, 2207026): _media("Instagram cannot use this video's format."),
    (352, ANY): _media("Instagram cannot use this video's format."),
    (ANY, 2207023): Meaning(ErrorKind.VALIDATION, "Instagram has no such kind of post.", "format"),
    (ANY, 2207028): _media("A carousel has 2 to 10 files."),
    (ANY, 2207010): Meaning(ErrorKind.VALIDATION, "The caption is too long.", "text"),
    (ANY, 2207004): _media("The picture is too large."),
    (ANY, 2207005): _media("Instagram takes JPEG pictures only."),
    (ANY, 2207009): _RATIO,
    (36003, ANY): _RATIO,
    (36001, ANY): _media("The picture's resolution cannot be used."),
    (ANY, 2207081): Meaning(ErrorKind.VALIDATION, "The account has no trial reels.", "trial"),
    **{(ANY, number): _TAGS for number in range(2207035, 2207041)},
}

DIALECT = Dialect("Instagram", TABLE)
