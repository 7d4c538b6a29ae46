"""Assets in the form that a spec asks for: made once, whoever asks at the same time.

Images are made at once, where they are asked for; videos and GIFs by a Job. Equal outputs share one
file, because files are named by their content.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

from django.db import connection
from django.utils import timezone

from apps.errors import DomainError
from apps.media import files, framing, images
from apps.media.checking import service as checking
from apps.media.errors import CaptionsMissing, RenditionFailed, WrongKind, by_code
from apps.media.models import Asset, Caption, Rendition
from apps.media.types import (
    EXTENSIONS,
    SHOWN,
    Box,
    RenditionSpec,
    Spec,
    VideoSpec,
    spec_to_json,
)
from apps.media.video import captions, plan
from apps.media.video.encode import Encoder, Report
from apps.media.video.ffmpeg import Source
from apps.media.video.probe import Probe
from apps.orchestrator import queries as jobs
from apps.orchestrator import services as orchestrator
from apps.workspaces.permissions import VIEW
from apps.workspaces.tenancy import require_workspace
from apps.workspaces.types import Actor

if TYPE_CHECKING:
    from apps.orchestrator.models import Job

log = logging.getLogger(__name__)

ACTION = "media.make_rendition"
_REST = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Pending:
    """Being made by a Job. ``progress`` from 0 to 1; both it and ``message`` change while it runs."""

    job_id: UUID
    progress: float
    message: str


def ready(asset: Asset, spec: Spec) -> Rendition | None:
    """What is there already. One statement, two where captions are burnt in."""
    return Rendition.objects.filter(asset=asset, spec=key(asset, spec)).first()


def ensure(*, actor: Actor, asset: Asset, spec: Spec) -> Rendition | Pending:
    """What is there, or an image made now, or the Job that makes it, for whoever may see the file.

    An image decodes and writes: keep it out of transactions; a video's Job joins the caller's. Raises
    CannotFit and its kind (also when the Job ended in it), WrongKind, ImageBroken.
    """
    actor.require(VIEW)
    if isinstance(spec, RenditionSpec):
        return image(asset=asset, spec=spec)
    found = ready(asset, spec)
    if found is not None:
        return found
    _plan_of(asset, spec, None)  # says at once what cannot be done
    subject = ("rendition", f"{asset.pk.hex}{key(asset, spec)}")
    last = jobs.last_job_of(subject, action=ACTION)
    if last is not None and not last.has_ended:
        return Pending(last.pk, last.progress or 0.0, last.progress_message)
    if last is not None and _has_just_died(last):
        raise RenditionFailed(last.error_message)
    if last is not None and last.state == "failed" and last.error_code in by_code():
        raise by_code()[last.error_code](last.error_message)
    job = orchestrator.enqueue(
        actor=actor,
        action=ACTION,
        input={"asset": str(asset.pk), "spec": spec_to_json(spec)},
        # Two that ask at once get one job; after one that died, both get the next.
        idempotency_key=f"rendition:{subject[1]}:{last.pk if last else 'first'}",
        subject=subject,
    )
    return Pending(job.pk, job.progress or 0.0, job.progress_message)


def being_made(asset: Asset) -> list[Pending]:
    """Forms of this file that Jobs are making or will make, oldest first. One statement."""
    alive = jobs.alive_jobs_of("rendition", asset.pk.hex, action=ACTION)
    return [Pending(job.pk, job.progress or 0.0, job.progress_message) for job in alive]


def image(*, asset: Asset, spec: RenditionSpec) -> Rendition:
    """``asset`` (of a video its cover) as an image, made on the first call.

    Locks the pair of both, so that of several who ask at once one makes it. Decodes and writes
    images: keep it out of transactions. Raises CannotFit, ImageBroken, WrongKind.
    """
    name = key(asset, spec)
    found = Rendition.objects.filter(asset=asset, spec=name).first()
    if found is not None:
        return found
    if not asset.has_picture:
        raise WrongKind("This file has no picture to show.")
    crop = _crop_for(asset, spec)
    with _only_one(f"{asset.pk}:{name}"):
        found = Rendition.objects.filter(asset=asset, spec=name).first()
        if found is not None:
            return found
        source = files.read(asset.poster or asset.master)
        made = images.fit(source, spec, is_animated=asset.is_animated, crop=crop)
        row = Rendition(mime=made.mime, width=made.width, height=made.height, crop=_json(crop))
        return _keep(row, asset, name, made.data, len(made.data))


def make_video(
    *, asset: Asset, spec: VideoSpec, report: Report, tick: Callable[[], None] | None = None
) -> Rendition:
    """For the Job: encode, keep, give. Takes minutes. Raises CannotFit and its kind, RenditionFailed."""
    name = key(asset, spec)
    found = Rendition.objects.filter(asset=asset, spec=name).first()
    if found is not None:
        return found
    crop = _crop_for(asset, spec)
    _plan_of(asset, spec, crop)
    with files.work_folder() as folder, files.as_local(asset.master) as file:
        encoder = Encoder(
            source=Source(file.fileno(), asset.mime),
            size=asset.size,
            probe=probe_of(asset),
            spec=spec,
            folder=folder,
            crop=crop,
            cues=_cues(asset, spec),
            report=report,
            tick=tick,
        )
        made = encoder.make()
        report(0.97, "Keeping it")
        row = Rendition(
            mime=made.mime,
            width=made.width,
            height=made.height,
            duration=made.duration,
            crop=_json(made.crop),
        )
        return _keep(row, asset, name, made.file, made.size)


def preview_crop(*, asset: Asset, ratio: float) -> Box:
    """The part that would be kept for that ratio (width / height), as fractions; all of it where the
    asset has that ratio. Raises WrongKind."""
    if not asset.has_picture:
        raise WrongKind("This file has no picture to cut.")
    return _crop_for(asset, RenditionSpec(ratio=ratio)) or Box(0, 0, 1, 1)


def key(asset: Asset, spec: Spec) -> str:
    """Name of the rendition: the spec's digest, and over it what else decides how it will look."""
    more: dict[str, object] = {}
    if isinstance(spec, RenditionSpec) and asset.poster:
        more["poster"] = asset.poster
    if asset.focus is not None and _is_cut(asset, spec):
        more["focus"] = asset.focus
    if isinstance(spec, VideoSpec) and spec.captions:
        text = Caption.objects.filter(asset=asset, language=spec.captions).values_list("text")
        more["captions"] = [row[0] for row in text]
    if not more:
        return spec.digest
    packed = json.dumps([spec.digest, more], sort_keys=True)
    return hashlib.sha256(packed.encode()).hexdigest()[:32]


def probe_of(asset: Asset) -> Probe:
    """What is known of a video or GIF. Raises WrongKind, VideoBroken."""
    if asset.kind == Asset.Kind.GIF:
        seconds = asset.duration or asset.frames / 10
        fps = min(50.0, asset.frames / seconds)
        return Probe(seconds, asset.width, asset.height, round(fps, 3), "gif", "bgra")
    if asset.kind != Asset.Kind.VIDEO:
        raise WrongKind("Only videos and GIFs can be made into videos.")
    return Probe.from_json(asset.probe)


def _has_just_died(job: Job) -> bool:
    """After all its attempts: who asks again and again must not keep the encoder busy with it."""
    ended = job.finished_at
    return job.state == "dead" and ended is not None and timezone.now() - ended < _REST


def _plan_of(asset: Asset, spec: VideoSpec, crop: Box | None) -> None:
    probe = probe_of(asset)
    if asset.kind == Asset.Kind.GIF and asset.mime != "image/gif":
        raise WrongKind("This animation cannot be made into a video. Upload it as a GIF.")
    plan.make(probe, spec, crop=crop, is_gif=asset.kind == Asset.Kind.GIF)
    _cues(asset, spec)


def _cues(asset: Asset, spec: VideoSpec) -> list[captions.Cue]:
    if not spec.captions:
        return []
    row = Caption.objects.filter(asset=asset, language=spec.captions).first()
    if row is None:
        raise CaptionsMissing(f"This video has no captions in “{spec.captions}”.", field="captions")
    return captions.read(row.text)


def _is_cut(asset: Asset, spec: Spec) -> bool:
    if spec.fit != "crop" or not asset.width or not asset.height:
        return False
    return framing.wanted_ratio(asset.width, asset.height, spec) is not None


def _crop_for(asset: Asset, spec: Spec) -> Box | None:
    if not _is_cut(asset, spec):
        return None
    ratio = framing.wanted_ratio(asset.width, asset.height, spec)
    assert ratio is not None
    attention = None if framing.read_focus(asset.focus) else _attention_of(asset)
    return framing.crop_box(
        asset.width, asset.height, ratio, focus=asset.focus, attention=attention
    )


def _attention_of(asset: Asset) -> dict[str, object]:
    """Found once, on the small form that pages show anyway. Nothing found is no reason to fail."""
    if asset.attention is None:
        small = image(asset=asset, spec=SHOWN["card"])
        try:
            with files.work_folder() as folder, files.as_local(small.file) as file:
                asset.attention = checking.attention(file.fileno(), folder=folder)
        except DomainError as error:
            log.warning(
                "media.attention_failed", extra={"asset": str(asset.pk), "error": str(error)}
            )
            return {}
        Asset.objects.filter(pk=asset.pk).update(attention=asset.attention)
    return asset.attention if isinstance(asset.attention, dict) else {}


def _keep(row: Rendition, asset: Asset, name: str, data: bytes | Path, size: int) -> Rendition:
    if isinstance(data, bytes):
        sha256 = hashlib.sha256(data).hexdigest()
    else:
        with data.open("rb") as file:
            sha256 = files.digest(file)
    row.file = files.keep_once(
        f"renditions/{sha256[:2]}/{sha256}.{EXTENSIONS[row.mime]}", data, mime=row.mime
    )
    values = {
        field: getattr(row, field)
        for field in ("file", "mime", "width", "height", "duration", "crop")
    }
    found, _ = Rendition.objects.get_or_create(
        asset=asset, spec=name, defaults={**values, "sha256": sha256, "size": size}
    )
    return found


def _json(box: Box | None) -> dict[str, float] | None:
    return box.to_json() if box else None


@contextmanager
def _only_one(name: str) -> Iterator[None]:
    """A lock in PostgreSQL, gone with the connection that holds it, so that no crash leaves one."""
    packed = hashlib.blake2b(f"{require_workspace().pk}:{name}".encode(), digest_size=8).digest()
    number = int.from_bytes(packed, signed=True)
    with connection.cursor() as cursor:
        if connection.in_atomic_block:  # ends with the transaction; it may be broken by then
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [number])
            yield
            return
        cursor.execute("SELECT pg_advisory_lock(%s)", [number])
        try:
            yield
        finally:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [number])
