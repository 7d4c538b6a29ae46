"""Files of a workspace and the forms they are handed out in."""

from __future__ import annotations

import hashlib
from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.utils import timezone

from apps.ids import uuid7
from apps.workspaces.tenancy import UserRef


class Asset(models.Model):
    """One file. ``original`` is kept for the record; what leaves is ``master`` or made from it.

    An image's master is decoded and written anew, upright and without metadata; a video's holds the
    same pictures and sound without metadata; a document's is the checked original itself.
    ``sha256`` is of the bytes as uploaded. A deleted asset is in the trash: posts that used it keep it.
    """

    class Kind(models.TextChoices):
        IMAGE = "image", "Image"
        GIF = "gif", "GIF"  # any animation without sound, a WebP too
        VIDEO = "video", "Video"
        DOCUMENT = "document", "Document"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    kind = models.CharField(max_length=10, choices=Kind, default=Kind.IMAGE)
    name = models.CharField(max_length=200)
    sha256 = models.CharField(max_length=64)
    original = models.CharField(max_length=200)  # storage names, below the workspace's prefix
    original_mime = models.CharField(max_length=100)
    original_size = models.PositiveBigIntegerField()
    master = models.CharField(max_length=200)
    mime = models.CharField(max_length=100)
    size = models.PositiveBigIntegerField()
    width = models.PositiveIntegerField(default=0)  # 0 for documents
    height = models.PositiveIntegerField(default=0)
    frames = models.PositiveIntegerField(default=1)
    duration = models.FloatField(null=True, blank=True)  # seconds, of videos and GIFs
    fps = models.FloatField(null=True, blank=True)
    pages = models.PositiveIntegerField(null=True, blank=True)
    probe = models.JSONField(default=dict, blank=True)  # see apps.media.video.probe.Probe
    # A point {x, y} or a box {x, y, width, height}, set by a person; wins over what is found.
    focus = models.JSONField(null=True, blank=True)
    attention = models.JSONField(null=True, blank=True)  # see apps.media.framing
    cover_ms = models.PositiveIntegerField(null=True, blank=True)
    poster = models.CharField(max_length=200, blank=True)  # a video's cover, as a JPEG
    alt_text = models.CharField(max_length=1500, blank=True)
    folder = models.CharField(max_length=120, blank=True)
    tags = ArrayField(models.CharField(max_length=40), default=list, blank=True)
    uploaded_by = UserRef(null=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    deleted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["-id"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["sha256"],
                condition=models.Q(deleted_at__isnull=True),
                name="media_asset_once",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["folder", "-id"], name="media_asset_folder"),
            models.Index(fields=["kind", "-id"], name="media_asset_kind"),
            GinIndex(fields=["tags"], name="media_asset_tags"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_animated(self) -> bool:
        return self.frames > 1

    @property
    def has_picture(self) -> bool:
        """Whether it can be shown as an image: itself, or a video's cover."""
        return self.kind in (self.Kind.IMAGE, self.Kind.GIF) or bool(self.poster)


class Rendition(models.Model):
    """An asset in the form a spec asks for; made once. ``file`` is named by its content.

    ``spec`` is the spec's digest, or where it depends on more (focus, cover, captions) a digest over
    both: see ``services.renditions.key``.
    """

    id = models.BigAutoField(primary_key=True)
    asset = models.ForeignKey(
        Asset, on_delete=models.CASCADE, related_name="renditions", db_index=False
    )
    spec = models.CharField(max_length=32)
    file = models.CharField(max_length=200)
    sha256 = models.CharField(max_length=64)
    mime = models.CharField(max_length=40)
    size = models.PositiveBigIntegerField()
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    duration = models.FloatField(null=True, blank=True)  # seconds
    crop = models.JSONField(null=True, blank=True)  # a Box, where something was cut off
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["asset", "spec"], name="media_rendition_once"),
        ]
        indexes: ClassVar = [models.Index(fields=["file"], name="media_rendition_file")]

    def __str__(self) -> str:
        return f"{self.asset_id} {self.width}x{self.height}"


class Caption(models.Model):
    """What is said in a video, in one language, as WebVTT that we have written ourselves."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    asset = models.ForeignKey(Asset, on_delete=models.CASCADE, related_name="captions")
    language = models.CharField(max_length=20)  # BCP 47
    name = models.CharField(max_length=200, blank=True)
    text = models.TextField()
    cues = models.PositiveIntegerField()
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering: ClassVar = ["language"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["asset", "language"], name="media_caption_once"),
        ]

    def __str__(self) -> str:
        return f"{self.asset_id} {self.language}"

    @property
    def version(self) -> str:
        """Changes with the text: what somebody saw before editing it."""
        return hashlib.sha256(self.text.encode()).hexdigest()[:32]


class Upload(models.Model):
    """A file on its way in, part by part. Which parts have arrived is the store's to say.

    ``open`` -> ``checking`` -> ``done`` or ``refused``; ``open`` -> ``aborted`` or ``expired``. Each
    step is a compare-and-set. A refused one keeps why, for who uploaded it.
    """

    class State(models.TextChoices):
        OPEN = "open", "Receiving"
        CHECKING = "checking", "Being checked"
        DONE = "done", "Done"
        REFUSED = "refused", "Refused"
        ABORTED = "aborted", "Given up"
        EXPIRED = "expired", "Expired"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(max_length=200)
    size = models.PositiveBigIntegerField()
    mime = models.CharField(max_length=100)  # as declared
    sha256 = models.CharField(max_length=64, blank=True)  # as declared
    part_size = models.PositiveIntegerField()
    store = models.CharField(max_length=10)  # "local" or "s3"
    file = models.CharField(max_length=200)  # storage name of the whole
    remote_id = models.CharField(max_length=300, blank=True)  # S3's own id of the upload
    details = models.JSONField(default=dict, blank=True)  # alt_text, folder, tags
    state = models.CharField(max_length=10, choices=State, default=State.OPEN)
    error_code = models.CharField(max_length=64, blank=True)
    error_message = models.TextField(blank=True)
    asset = models.ForeignKey(Asset, on_delete=models.SET_NULL, null=True, blank=True)
    job = models.UUIDField(null=True, blank=True)
    uploaded_by = UserRef(null=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    expires_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["-id"]
        indexes: ClassVar = [
            models.Index(
                fields=["expires_at"],
                condition=models.Q(state__in=["open", "checking"]),
                name="media_upload_open",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.state}"

    @property
    def parts(self) -> int:
        """How many parts the whole has; they are numbered from 1."""
        return max(1, -(-self.size // self.part_size))

    def length_of(self, part: int) -> int:
        """Bytes of part ``part``: all have ``part_size``, the last one what is left."""
        return self.part_size if part < self.parts else self.size - self.part_size * (part - 1)
