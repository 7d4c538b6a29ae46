"""What Facebook's refusals mean, beyond what all of Graph shares."""

from __future__ import annotations

from ..errors import ErrorKind
from ..meta.errors import ANY, SHARED, Meaning, Table
from ..meta.graph import Dialect

# A piece of a video that does not go on where the last one ended; the answer says where that is.
OFFSET = (6000, 1363037)


def _media(message: str) -> Meaning:
    return Meaning(ErrorKind.MEDIA_INVALID, message, "media")


def _blocked(message: str) -> Meaning:
    return Meaning(ErrorKind.POLICY_BLOCKED, message)


_LATER = Meaning(ErrorKind.TRANSIENT_SAFE, "Facebook could not take it this time.")
_FILE = _media("Facebook cannot use this file or its format.")

TABLE: Table = {
    **SHARED,
    OFFSET: Meaning(ErrorKind.TRANSIENT_SAFE, "The video goes on at another place."),
    (ANY, 1366046): _media("The photo is too large, or neither JPEG nor PNG."),
    (ANY, 1366051): Meaning(ErrorKind.DUPLICATE, "This photo was posted already."),
    (ANY, 2069019): _FILE,
    (ANY, 1349125): _FILE,
    (ANY, 2061006): Meaning(ErrorKind.VALIDATION, "The link cannot be used.", "link"),
    (ANY, 1609008): Meaning(
        ErrorKind.VALIDATION, "Facebook takes no links to itself here.", "link"
    ),
    (ANY, 1390008): Meaning(ErrorKind.RATE_LIMITED, "The page posts too fast."),
    (ANY, 1346003): _blocked("Facebook takes this for abuse."),
    (ANY, 1404006): _blocked("The account has to pass a security check at Facebook."),
    (ANY, 4854002): _blocked("The account has to confirm who it is at Facebook."),
    (ANY, 1404078): _blocked("The page needs Facebook's publishing authorisation."),
    (ANY, 1404102): _blocked("Facebook says that this breaks its community standards."),
    (ANY, 1404112): _blocked("Facebook limits what the account may post for now."),
    (ANY, 1363047): _LATER,
    (ANY, 1609010): _LATER,
}

DIALECT = Dialect("Facebook", TABLE)
