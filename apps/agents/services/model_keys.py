"""Keys to model providers, and the monthly budget."""

from __future__ import annotations

import uuid
from urllib.parse import urlsplit

from django.db import transaction
from django.db.models import Max
from pydantic import BaseModel

from apps.agents import permissions
from apps.agents.errors import KeyNotFound
from apps.agents.llm import Purpose, ask
from apps.agents.llm.errors import ModelsUnavailable
from apps.agents.llm.routing import of_key
from apps.agents.models import Budget, ModelKey
from apps.errors import ValidationFailed
from apps.integrations import vault
from apps.orchestrator import services as orchestrator
from apps.workspaces.types import Actor

_FIELD = "api_key"
vault.register(vault.Column(ModelKey, "sealed", lambda row: (row.pk, _FIELD)))
_MAX_KEYS = 20
_MAX_BUDGET_MICROS = 1_000_000_000_000


class _Pong(BaseModel):
    ok: bool


@transaction.atomic
def add(
    *,
    actor: Actor,
    provider: str,
    model: str,
    api_key: str = "",
    base_url: str = "",
    name: str = "",
) -> ModelKey:
    """Seal and store a key; it is tried after those that are there. Emits `model_key.added`.

    Raises ValidationFailed with the field named. Nothing is called: `check` does that.
    """
    actor.require(permissions.MANAGE_MODELS)
    provider, model = provider.strip(), model.strip()
    api_key, base_url = api_key.strip(), base_url.strip().rstrip("/")
    _validate(provider, model, api_key, base_url)
    if ModelKey.objects.count() >= _MAX_KEYS:
        raise ValidationFailed(f"At most {_MAX_KEYS} keys can be kept. Remove one first.")
    last = ModelKey.objects.aggregate(last=Max("position"))["last"]
    key = ModelKey(
        provider=provider,
        model=model,
        base_url=base_url,
        name=name.strip()[:80] or f"{ModelKey.Provider(provider).label}: {model}"[:80],
        hint=api_key[-4:] if len(api_key) >= 12 else "",
        position=0 if last is None else last + 1,
        created_by_id=actor.user_id,
    )
    if api_key:
        key.sealed = vault.seal(connection_id=key.pk, field=_FIELD, plaintext=api_key)
    key.save(force_insert=True)
    _emit(actor, "model_key.added", key, f"Added the model {key}")
    return key


def _validate(provider: str, model: str, api_key: str, base_url: str) -> None:
    if provider not in ModelKey.Provider.values:
        raise ValidationFailed("Choose a provider.", field="provider")
    if not model or len(model) > 120 or any(char.isspace() for char in model):
        raise ValidationFailed("Enter the model's name as the provider spells it.", field="model")
    if base_url:
        parts = urlsplit(base_url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.username:
            raise ValidationFailed(
                "Enter a full address, with https:// in front.", field="base_url"
            )
    if not api_key and not base_url:
        raise ValidationFailed("Enter the key.", field="api_key")
    if len(api_key) > 500 or any(char.isspace() for char in api_key):
        raise ValidationFailed("A key has no spaces in it.", field="api_key")


def unseal(key: ModelKey) -> str:
    """The key's plain text; "" where a server needs none."""
    if not key.sealed:
        return ""
    return vault.unseal(connection_id=key.pk, field=_FIELD, sealed=bytes(key.sealed))


def check(*, actor: Actor, key_id: uuid.UUID | str) -> ModelKey:
    """Ask the model one small question; what went wrong is kept in `last_error`."""
    actor.require(permissions.MANAGE_MODELS)
    key = _get(key_id)
    try:
        ask(
            actor=actor,
            purpose=Purpose.CHECK_KEY,
            instructions="Answer with ok set to true.",
            prompt="Are you there?",
            output=_Pong,
            max_tokens=100,
            models=[of_key(key)],
        )
    except ModelsUnavailable as error:
        key.last_error = error.params["tried"][-1]["message"][:300]
    else:
        key.last_error = ""
    key.save(update_fields=["last_error"])
    return key


@transaction.atomic
def set_enabled(*, actor: Actor, key_id: uuid.UUID | str, enabled: bool) -> ModelKey:
    actor.require(permissions.MANAGE_MODELS)
    key = _get(key_id)
    if key.is_enabled != enabled:
        key.is_enabled = enabled
        key.save(update_fields=["is_enabled"])
        word = "Switched on" if enabled else "Switched off"
        _emit(actor, "model_key.changed", key, f"{word} the model {key}")
    return key


@transaction.atomic
def remove(*, actor: Actor, key_id: uuid.UUID | str) -> None:
    """Forget a key; its lines in the ledger stay."""
    actor.require(permissions.MANAGE_MODELS)
    key = _get(key_id)
    _emit(actor, "model_key.removed", key, f"Removed the model {key}")
    key.delete()


@transaction.atomic
def set_budget(*, actor: Actor, monthly_micros: int | None) -> Budget:
    """The most that models may cost in a calendar month; 0 stops them, None lifts the limit."""
    actor.require(permissions.MANAGE_MODELS)
    if monthly_micros is not None and not 0 <= monthly_micros <= _MAX_BUDGET_MICROS:
        raise ValidationFailed("A budget lies between 0 and 1,000,000 dollars.", field="budget")
    budget, _ = Budget.objects.update_or_create(
        pk=1, defaults={"monthly_micros": monthly_micros, "updated_by_id": actor.user_id}
    )
    orchestrator.emit(
        actor=actor,
        kind="model_budget.changed",
        subject=("model_budget", "1"),
        data={"monthly_micros": monthly_micros},
        summary="Changed the monthly budget for models",
        permission=permissions.MANAGE_MODELS,
    )
    return budget


def _get(key_id: uuid.UUID | str) -> ModelKey:
    try:
        return ModelKey.objects.get(pk=key_id)
    except (ModelKey.DoesNotExist, ValueError) as error:
        raise KeyNotFound("This key does not exist any more.") from error


def _emit(actor: Actor, kind: str, key: ModelKey, summary: str) -> None:
    orchestrator.emit(
        actor=actor,
        kind=kind,
        subject=("model_key", str(key.pk)),
        data={"provider": key.provider, "model": key.model},
        summary=summary,
        permission=permissions.MANAGE_MODELS,
    )
