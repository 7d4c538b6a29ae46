"""What can go wrong with workspaces."""

from __future__ import annotations

from apps.errors import Conflict, Unavailable, ValidationFailed


class SlugTaken(Conflict):
    code = "slug_taken"


class SlugInvalid(ValidationFailed):
    code = "slug_invalid"


class ProvisioningFailed(Unavailable):
    code = "provisioning_failed"
