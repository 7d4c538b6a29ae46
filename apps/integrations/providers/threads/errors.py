"""What Threads' refusals mean, beyond what all of Graph shares."""

from __future__ import annotations

from ..errors import ErrorKind
from ..meta.errors import ANY, SHARED, Meaning, Table
from ..meta.graph import Dialect

TABLE: Table = {
    **SHARED,
    # Published too early: the container is known to some of their machines only.
    (24, ANY): Meaning(ErrorKind.MEDIA_NOT_READY, "The post is still being prepared."),
    (ANY, 2207051): Meaning(
        ErrorKind.AMBIGUOUS, "Held back as spam, though it may be live already."
    ),
    (ANY, 4279013): Meaning(
        ErrorKind.POLICY_BLOCKED, "The account is restricted; open Threads to see why."
    ),
    (ANY, 4476002): Meaning(
        ErrorKind.VALIDATION, "This needs the Threads app id, not the Facebook one.", "client_id"
    ),
    (ANY, 2207042): Meaning(ErrorKind.QUOTA_EXHAUSTED, "The posts of these 24 hours are used up."),
    # A server that is down for a minute looks just like one that is not there: try again a few times.
    (ANY, 2207052): Meaning(
        ErrorKind.TRANSIENT_SAFE,
        "Threads could not fetch the file from this installation.",
        "media",
    ),
    (ANY, 2207053): Meaning(ErrorKind.TRANSIENT_SAFE, "The file did not get through."),
    (ANY, 2207026): Meaning(
        ErrorKind.MEDIA_INVALID, "Threads cannot use this video's format.", "media"
    ),
    (ANY, 2207057): Meaning(ErrorKind.MEDIA_INVALID, "The file could not be used.", "media"),
}

DIALECT = Dialect("Threads", TABLE)
