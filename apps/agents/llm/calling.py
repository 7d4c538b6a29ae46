"""One call to one model through pydantic-ai, with its failures sorted. No database here."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import httpx2
from asgiref.sync import async_to_sync

from apps.agents.llm.errors import ModelError
from apps.agents.llm.transport import GuardedTransport
from apps.agents.llm.types import ModelRef, Output, Usage
from apps.agents.redaction import redact

if TYPE_CHECKING:
    from pydantic_ai.models import Model

_RETRY_STATUSES = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 529})


def call(
    ref: ModelRef,
    *,
    instructions: str,
    prompt: str,
    output: type[Output],
    max_tokens: int,
    timeout: float,
) -> tuple[Output, Usage]:
    """The model's answer as `output`. Raises ModelError, with `usage` set when tokens were spent."""
    return async_to_sync(_call)(ref, instructions, prompt, output, max_tokens, timeout)


async def _call(
    ref: ModelRef,
    instructions: str,
    prompt: str,
    output: type[Output],
    max_tokens: int,
    seconds: float,
) -> tuple[Output, Usage]:
    from pydantic_ai import Agent, PromptedOutput, capture_run_messages
    from pydantic_ai.exceptions import (
        ModelAPIError,
        ModelHTTPError,
        UnexpectedModelBehavior,
        UserError,
    )

    transport = GuardedTransport(timeout=seconds, trusted_base=ref.base_url if ref.trusted else "")
    async with httpx2.AsyncClient(transport=transport, timeout=seconds) as client:
        agent = Agent(
            build(ref, client),
            # JSON in the text rather than a tool call: every compatible server can do that, and the
            # writer gets no tools at all.
            output_type=PromptedOutput(output),
            instructions=instructions,
            retries=0,
            model_settings={"max_tokens": max_tokens, "timeout": seconds},
        )
        with capture_run_messages() as messages:
            try:
                async with asyncio.timeout(seconds):
                    result = await agent.run(prompt)
            except ModelHTTPError as error:
                raise _http_error(error) from error
            except TimeoutError as error:
                raise ModelError(
                    "timeout", f"No answer within {seconds:.0f} seconds.", retry=True
                ) from error
            except ModelAPIError as error:
                raise _connection_error(error) from error
            except UnexpectedModelBehavior as error:
                message = "The answer was not in the form that was asked for."
                raise _with_usage(ModelError("malformed", message, retry=True), messages) from error
            except UserError as error:
                raise ModelError("misconfigured", redact(str(error))[:200]) from error
    return result.output, _usage(messages)


def build(ref: ModelRef, client: httpx2.AsyncClient) -> Model:
    """pydantic-ai's model for `ref`; the SDK's own retries are off, ours decide."""
    key = ref.api_key.get_secret_value()
    if ref.provider == "anthropic":
        from anthropic import AsyncAnthropic
        from pydantic_ai.models.anthropic import AnthropicModel
        from pydantic_ai.providers.anthropic import AnthropicProvider

        anthropic = AsyncAnthropic(
            api_key=key, base_url=ref.base_url or None, http_client=client, max_retries=0
        )
        return AnthropicModel(ref.model, provider=AnthropicProvider(anthropic_client=anthropic))
    if ref.provider == "google":
        from pydantic_ai.models.google import GoogleModel
        from pydantic_ai.providers.google import GoogleProvider

        provider = GoogleProvider(api_key=key, base_url=ref.base_url or None, http_client=client)
        return GoogleModel(ref.model, provider=provider)
    from openai import AsyncOpenAI
    from pydantic_ai.models.openai import OpenAIChatModel
    from pydantic_ai.providers.openai import OpenAIProvider

    # Local servers take any key, the SDK insists on one.
    openai = AsyncOpenAI(
        api_key=key or "none", base_url=ref.base_url or None, http_client=client, max_retries=0
    )
    return OpenAIChatModel(ref.model, provider=OpenAIProvider(openai_client=openai))


def _http_error(error: Any) -> ModelError:
    status = error.status_code
    headers = error.headers or {}
    if status in (401, 403):
        return ModelError("key_refused", "The provider refused the key.")
    if status == 404:
        return ModelError("model_unknown", "The provider does not know this model.")
    if status in _RETRY_STATUSES:
        names = {429: "rate_limited", 529: "overloaded"}
        code = names.get(status, "provider_error")
        message = f"The provider answered {status}."
        return ModelError(
            code, message, retry=True, retry_after=_seconds(headers.get("retry-after"))
        )
    return ModelError("request_refused", f"The provider refused the request ({status}).")


def _connection_error(error: Any) -> ModelError:
    text = redact(str(error.__cause__ or error))
    if "imeout" in type(error).__name__ or "imed out" in text:
        return ModelError("timeout", "The provider took too long to answer.", retry=True)
    return ModelError("unreachable", f"The provider could not be reached. {text}"[:200], retry=True)


def _seconds(value: str | None) -> float | None:
    try:
        return float(value) if value else None
    except ValueError:
        return None


def _usage(messages: list[Any]) -> Usage:
    answers = [message.usage for message in messages if message.kind == "response"]
    return Usage(
        sum(usage.input_tokens for usage in answers), sum(usage.output_tokens for usage in answers)
    )


def _with_usage(error: ModelError, messages: list[Any]) -> ModelError:
    error.usage = _usage(messages)
    return error
