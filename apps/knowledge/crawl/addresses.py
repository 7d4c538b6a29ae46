"""Addresses as the crawler sees them: cleaned, compared, kept to one site."""

from __future__ import annotations

import posixpath
import re
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit, urlunsplit

from apps.errors import ValidationFailed

_TRACKING = re.compile(r"^(utm_\w+|fbclid|gclid|msclkid|mc_[ce]id|igshid|ref_src)$", re.IGNORECASE)
_INDEX = re.compile(r"/(index|default)\.(html?|php|aspx?)$", re.IGNORECASE)
# Files that hold no text for us; fetching them would only cost both sides.
_SKIPPED = re.compile(
    r"\.(png|jpe?g|gif|webp|avif|svg|ico|css|js|mjs|json|xml|rss|atom|zip|gz|tar|rar|7z|dmg|exe|"
    r"msi|apk|mp[34]|m4[av]|webm|mov|avi|wav|ogg|woff2?|ttf|otf|eot|docx?|xlsx?|pptx?|ics|csv)$",
    re.IGNORECASE,
)
_MAX_LENGTH = 2000


class AddressInvalid(ValidationFailed):
    """What was typed is no address; always about the field `address`."""

    code = "address_invalid"

    def __init__(self, message: str) -> None:
        super().__init__(message, field="address")


def clean_address(typed: str) -> str:
    """The address a person meant, as an absolute http(s) URL. Raises `AddressInvalid`."""
    typed = typed.strip()
    if not typed:
        raise AddressInvalid("Enter the website's address.")
    if "://" not in typed:
        typed = f"https://{typed}"
    try:
        parts = urlsplit(typed)
        port = parts.port
    except ValueError as error:
        raise AddressInvalid("This is not a web address.") from error
    if parts.scheme not in ("http", "https"):
        raise AddressInvalid("The address must start with https:// or http://.")
    if parts.username is not None or parts.password is not None:
        raise AddressInvalid("Leave the user name and password out of the address.")
    host = parts.hostname or ""
    if not host or re.search(r"[\s\\<>\"]", typed) or len(typed) > _MAX_LENGTH:
        raise AddressInvalid("This is not a web address.")
    if "." not in host and ":" not in host and host != "localhost":
        raise AddressInvalid(f"“{host}” is not a full web address. Did you mean {host}.com?")
    if port == 0:
        raise AddressInvalid("This is not a web address.")
    return urlunsplit((parts.scheme, parts.netloc, parts.path or "/", parts.query, ""))


def normalise(url: str) -> str:
    """One spelling for one page: host in lower case, no default port, fragment or tracking."""
    parts = urlsplit(url)
    host = (parts.hostname or "").lower()
    if ":" in host:
        host = f"[{host}]"
    default = {"http": 80, "https": 443}.get(parts.scheme)
    if parts.port and parts.port != default:
        host = f"{host}:{parts.port}"
    path = quote(unquote(parts.path), safe="/%:@!$&'()*+,;=~-._") or "/"
    trailing = path.endswith("/")
    path = posixpath.normpath(path).replace("//", "/")
    if trailing and not path.endswith("/"):
        path += "/"
    path = _INDEX.sub("/", path)
    query = urlencode(
        sorted(
            (key, value)
            for key, value in parse_qsl(parts.query, keep_blank_values=True)
            if not _TRACKING.match(key)
        )
    )
    return urlunsplit((parts.scheme, host, path, query, ""))


def identity(url: str) -> str:
    """Key under which two addresses count as the same page: scheme, www and last slash aside."""
    parts = urlsplit(normalise(url))
    return urlunsplit(("", _bare_host(parts.netloc), parts.path.rstrip("/"), parts.query, ""))


def same_site(url: str, root: str) -> bool:
    """Same host, with or without `www.`. Other subdomains are other sites."""
    try:
        return _bare_host(urlsplit(url).netloc) == _bare_host(urlsplit(root).netloc)
    except ValueError:
        return False


def may_hold_text(url: str) -> bool:
    return len(url) <= _MAX_LENGTH and not _SKIPPED.search(urlsplit(url).path)


def _bare_host(netloc: str) -> str:
    return netloc.lower().removeprefix("www.")
