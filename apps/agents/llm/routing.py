"""Which models are asked for a purpose, in which order."""

from __future__ import annotations

from django.conf import settings
from pydantic import SecretStr

from apps.agents.llm.types import ModelRef, Purpose
from apps.agents.models import ModelKey


def models_for(purpose: Purpose) -> list[ModelRef]:
    """The workspace's own keys in their order, then the installation's. Empty: nobody to ask.

    A key that names purposes serves only those; repairs go where writing goes.
    """
    wanted = Purpose.WRITE if purpose is Purpose.REPAIR else purpose
    keys = ModelKey.objects.filter(is_enabled=True)
    own = [of_key(key) for key in keys if not key.purposes or wanted.value in key.purposes]
    return own + _installation_models()


def of_key(key: ModelKey) -> ModelRef:
    from apps.agents.services.model_keys import unseal

    return ModelRef(
        provider=key.provider,
        model=key.model,
        api_key=SecretStr(unseal(key)),
        base_url=key.base_url,
        key_id=key.pk,
    )


def _installation_models() -> list[ModelRef]:
    """`CANDY_LLM_MODELS` lists `provider:model`; keys and addresses come from their own settings."""
    refs = []
    for entry in getattr(settings, "CANDY_LLM_MODELS", ()):
        provider, _, model = entry.partition(":")
        key = getattr(settings, f"CANDY_LLM_{provider.upper()}_KEY", "")
        base_url = getattr(settings, "CANDY_LLM_OPENAI_URL", "") if provider == "openai" else ""
        if model and (key or base_url):
            refs.append(ModelRef(provider, model, SecretStr(key), base_url, trusted=True))
    return refs
