"""What can be wrong with a request about voice, writing and models."""

from __future__ import annotations

from apps.errors import Conflict, NotFound, ValidationFailed


class NoVoice(Conflict):
    """Nothing was learned yet, so nothing can be scored or written."""

    code = "no_voice"


class NothingToLearn(ValidationFailed):
    code = "nothing_to_learn"


class VersionNotFound(NotFound):
    code = "voice_version_not_found"


class DraftNotFound(NotFound):
    code = "draft_not_found"


class KeyNotFound(NotFound):
    code = "model_key_not_found"


class EditInvalid(ValidationFailed):
    code = "voice_edit_invalid"
