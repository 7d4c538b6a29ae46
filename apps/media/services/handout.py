"""Handing stored files to readers: whole, in part, or by an address that anybody may fetch for a while."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import quote, urlsplit
from uuid import UUID

from django.conf import settings
from django.core import signing
from django.urls import reverse
from django.utils import timezone
from django.utils.http import int_to_base36

from apps.media import files, usage
from apps.media.errors import LinkExpired, RenditionNotFound
from apps.media.models import Asset, Rendition
from apps.media.types import EXTENSIONS
from apps.workspaces.models import Workspace
from apps.workspaces.tenancy import require_workspace

_SIGNER = signing.Signer(salt="media.public", sep=".")


@dataclass(frozen=True, slots=True)
class Stored:
    """A file as it is handed out. ``tag`` changes with the content; ``shown_as`` is a file name."""

    file: str
    size: int
    mime: str
    tag: str
    shown_as: str


@dataclass(frozen=True, slots=True)
class Address:
    """A public address as it was signed: what it names (see ``named``), and seconds until it ends."""

    workspace: Workspace
    kind: str
    seconds: int


def stored(what: Asset | Rendition) -> Stored:
    """Of an asset its master. One statement for a rendition whose asset is not loaded."""
    asset = what if isinstance(what, Asset) else what.asset
    stem = asset.name.rpartition(".")[0] or asset.name
    file, tag = (what.master, what.sha256) if isinstance(what, Asset) else (what.file, what.sha256)
    name = f"{stem}.{EXTENSIONS.get(what.mime, 'bin')}"
    return Stored(file, what.size, what.mime, tag[:32], name)


def read_part(what: Asset | Rendition, start: int, length: int) -> bytes:
    """``length`` bytes from ``start`` (fewer at the end), read as such from the storage."""
    return files.read_part(stored(what).file, start, length)


def public_url(what: Asset | Rendition, *, seconds: int = 3_600) -> str:
    """An absolute address that anybody may fetch for ``seconds``, without a session or a redirect,
    with the right type, HEAD and ranges.

    S3's own where files lie there (it takes GET only; ``CANDY_MEDIA_DIRECT=0`` goes through us), else
    a signed path of ours, which also ends when the file is thrown away. Whether the outside reaches
    us is another question: ``is_reachable``.
    """
    found = stored(what)
    if files.is_remote() and settings.CANDY_MEDIA_DIRECT:
        return files.signed_url(
            found.file, seconds=seconds, mime=found.mime, shown_as=found.shown_as
        )
    expiry = int(timezone.now().timestamp()) + seconds
    kind = f"a{what.pk.hex}" if isinstance(what, Asset) else f"r{what.pk}"
    token = _SIGNER.sign(f"{int_to_base36(require_workspace().pk)}-{kind}-{int_to_base36(expiry)}")
    # The ending helps those who look at it; the token alone decides.
    name = f"file.{EXTENSIONS.get(found.mime, 'bin')}"
    path = reverse("media_public:file", kwargs={"token": token, "name": name})
    return f"{settings.CANDY_PUBLIC_URL}{quote(path)}"


def is_reachable() -> bool:
    """Whether networks can fetch from ``public_url``: not from a machine that only knows itself."""
    if files.is_remote() and settings.CANDY_MEDIA_DIRECT:
        return True
    parts = urlsplit(settings.CANDY_PUBLIC_URL)
    host = parts.hostname or ""
    try:
        return ip_address(host).is_global
    except ValueError:
        is_local = host == "localhost" or host.endswith((".localhost", ".local", ".internal"))
        return parts.scheme == "https" and "." in host and not is_local


def address_of(token: str) -> Address:
    """What a public address says. Raises LinkExpired and RenditionNotFound. Needs no workspace."""
    try:
        place, kind, expiry = _SIGNER.unsign(token).split("-")
        pk, until = int(place, 36), int(expiry, 36)
    except (signing.BadSignature, ValueError):
        raise _unknown() from None
    seconds = until - int(timezone.now().timestamp())
    if seconds < 0:
        raise LinkExpired("This address was valid for a while, and that is over.")
    workspace = Workspace.objects.filter(pk=pk, state=Workspace.State.READY).first()
    if workspace is None:
        raise _unknown()
    return Address(workspace, kind, seconds)


def named(kind: str) -> Asset | Rendition:
    """What an address names, in its workspace. Raises RenditionNotFound: also for what lies in the
    trash, unless something open still needs it, such as a planned post whose network comes for it.
    """
    found: Asset | Rendition | None
    if kind.startswith("a"):
        found = Asset.objects.filter(pk=UUID(kind[1:])).first()
        asset = found
    else:
        found = Rendition.objects.select_related("asset").filter(pk=int(kind[1:])).first()
        asset = found.asset if found else None
    if found is None or asset is None:
        raise _unknown()
    if asset.deleted_at and not any(use.is_open for use in usage.of([asset.pk])[asset.pk]):
        raise _unknown()
    return found


def _unknown() -> RenditionNotFound:
    return RenditionNotFound("There is no such file.")
