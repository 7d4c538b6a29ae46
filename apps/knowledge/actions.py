"""What the world may ask of a brand's knowledge."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from pydantic import BaseModel, Field

from apps.knowledge import permissions
from apps.knowledge.models import Source
from apps.knowledge.services import crawling, sources
from apps.orchestrator import ActionContext, Effect, Retry, action


class AddSourceInput(BaseModel):
    address: str = Field(
        title="Address", description="Of the website or its sitemap.", max_length=2000
    )
    kind: Literal["website", "sitemap"] = Field("website", title="What to read")


class SourceInput(BaseModel):
    source_id: UUID = Field(title="Source")


class SourceOutput(BaseModel):
    source_id: str
    state: str
    pages_read: int
    words: int
    error: str = ""


def _output(source: Source) -> SourceOutput:
    return SourceOutput(
        source_id=str(source.pk),
        state=source.state,
        pages_read=source.pages_read,
        words=source.words,
        error=source.error,
    )


@action(
    key="knowledge.add_source",
    title="Add a website",
    summary="Read a website or sitemap into the brand's knowledge.",
    permission=permissions.MANAGE,
    effect=Effect.IDEMPOTENT,
)
def add_source(ctx: ActionContext, input: AddSourceInput) -> SourceOutput:
    add = sources.add_sitemap if input.kind == "sitemap" else sources.add_website
    return _output(add(actor=ctx.actor, address=input.address))


@action(
    key="knowledge.crawl_source",
    title="Read a website again",
    summary="Fetch the pages of a source anew.",
    permission=permissions.MANAGE,
    effect=Effect.IDEMPOTENT,
    timeout=300,
    retry=Retry(max_attempts=3, base_seconds=20, cap_seconds=300),
    concurrency=lambda input: [(f"source:{input.source_id}", 1)],
)
def crawl_source(ctx: ActionContext, input: SourceInput) -> SourceOutput:
    return _output(
        crawling.crawl_source(
            actor=ctx.actor,
            source_id=input.source_id,
            progress=ctx.progress,
            checkpoint=ctx.raise_if_cancelled,
        )
    )


@action(
    key="knowledge.remove_source",
    title="Remove a source",
    summary="Forget a source and its pages.",
    permission=permissions.MANAGE,
    effect=Effect.IDEMPOTENT,
)
def remove_source(ctx: ActionContext, input: SourceInput) -> None:
    sources.remove(actor=ctx.actor, source_id=input.source_id)
