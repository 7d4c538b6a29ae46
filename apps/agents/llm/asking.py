"""`ask`: routes, retries and falls back; every attempt has its line in the ledger."""

from __future__ import annotations

import logging
import time
from uuid import UUID

from django.conf import settings
from django.db import connection

from apps.agents.llm import spending
from apps.agents.llm.calling import call
from apps.agents.llm.errors import ModelError, ModelsUnavailable, NoModel
from apps.agents.llm.routing import models_for
from apps.agents.llm.types import Answer, ModelRef, Output, Purpose, Usage
from apps.agents.models import ModelKey
from apps.agents.redaction import redact
from apps.workspaces.types import Actor

logger = logging.getLogger(__name__)

_ATTEMPTS = 2
_MAX_PAUSE = 5.0
# Tokens are reserved by length: no tokenizer gives more than one token for 2.5 characters of prose.
_CHARS_PER_TOKEN = 2.5
_OVERHEAD_TOKENS = 400  # the schema of the answer, roles, separators


def ask(
    *,
    actor: Actor,
    purpose: Purpose,
    instructions: str,
    prompt: str,
    output: type[Output],
    max_tokens: int = 1500,
    job_id: UUID | None = None,
    models: list[ModelRef] | None = None,
) -> Answer[Output]:
    """The first good answer of the route's models, as `output`.

    Each model is tried twice when its failure may pass. Raises NoModel, BudgetExceeded (at once, no
    other model is tried) or ModelsUnavailable. Must not be called inside a transaction: the database
    connection is given back while the model thinks.
    """
    route = models_for(purpose) if models is None else models
    if not route:
        raise NoModel("No model is set up. The built-in writer writes.")
    prompt, instructions = redact(prompt), redact(instructions)
    tried: list[dict[str, str]] = []
    for ref in route:
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                return _attempt(
                    actor, purpose, ref, instructions, prompt, output, max_tokens, job_id
                )
            except ModelError as error:
                tried.append({"model": ref.label, "code": error.code, "message": error.message})
                logger.warning("model_call_failed model=%s code=%s", ref.label, error.code)
                if not error.retry or attempt == _ATTEMPTS:
                    _note(ref, error)
                    break
                _pause(min(error.retry_after or 0.5 * attempt, _MAX_PAUSE))
    last = tried[-1]
    raise ModelsUnavailable(
        f"No model answered. {last['model']}: {last['message']}", params={"tried": tried}
    )


def _attempt(
    actor: Actor,
    purpose: Purpose,
    ref: ModelRef,
    instructions: str,
    prompt: str,
    output: type[Output],
    max_tokens: int,
    job_id: UUID | None,
) -> Answer[Output]:
    tokens_in = int((len(prompt) + len(instructions)) / _CHARS_PER_TOKEN) + _OVERHEAD_TOKENS
    line = spending.reserve(
        ref,
        purpose=purpose.value,
        tokens_in=tokens_in,
        tokens_out=max_tokens,
        user_id=actor.user_id,
        job_id=job_id,
    )
    spending.refuse_if_stopped(line)
    _give_back_connection()
    started = time.monotonic()
    try:
        answer, usage = call(
            ref,
            instructions=instructions,
            prompt=prompt,
            output=output,
            max_tokens=max_tokens,
            timeout=float(getattr(settings, "CANDY_LLM_TIMEOUT", 60)),
        )
    except ModelError as error:
        spending.settle(
            line, ref, error.usage or Usage(), milliseconds=_since(started), error_code=error.code
        )
        raise
    except BaseException:
        spending.settle(line, ref, Usage(), milliseconds=_since(started), error_code="interrupted")
        raise
    cost = spending.settle(line, ref, usage, milliseconds=_since(started))
    return Answer(answer, ref.label, usage, cost)


def _give_back_connection() -> None:
    # Inside a transaction (tests) closing would lose it.
    if not connection.in_atomic_block:
        connection.close()


def _pause(seconds: float) -> None:
    time.sleep(seconds)


def _since(started: float) -> int:
    return round((time.monotonic() - started) * 1000)


def _note(ref: ModelRef, error: ModelError) -> None:
    """Keep the failure on the key, where the settings page shows it."""
    if ref.key_id is not None:
        ModelKey.objects.filter(pk=ref.key_id).update(last_error=error.message[:300])
