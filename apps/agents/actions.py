"""What the world may ask around voice and writing."""

from __future__ import annotations

from pydantic import BaseModel, Field

from apps.agents import permissions
from apps.agents.models import Draft
from apps.agents.services import voice, writing
from apps.agents.voice.scoring import Reason
from apps.agents.writing import Brief
from apps.orchestrator import ActionContext, Effect, Face, Retry, action


class LearnVoiceInput(BaseModel):
    note: str = Field("", title="Note", max_length=200)


class VoiceOutput(BaseModel):
    version: int
    language: str
    documents: int
    words: int
    rules: list[str]


@action(
    key="agents.learn_voice",
    title="Learn the voice",
    summary="Learn the brand's voice anew from everything that was read.",
    permission=permissions.EDIT_VOICE,
    effect=Effect.IDEMPOTENT,
    queue="ai",
    timeout=120,
    concurrency=lambda input: [("voice", 1)],
)
def learn_voice(ctx: ActionContext, input: LearnVoiceInput) -> VoiceOutput:
    version = voice.learn(actor=ctx.actor, note=input.note)
    data = version.voice
    return VoiceOutput(
        version=version.number,
        language=data.language,
        documents=data.documents,
        words=data.words,
        rules=data.rules,
    )


class ScoreTextInput(BaseModel):
    text: str = Field(title="Text", max_length=20_000, json_schema_extra={"format": "multiline"})
    network: str | None = Field(None, title="Network")


class ScoreOutput(BaseModel):
    value: int
    label: str
    reasons: list[Reason]


@action(
    key="agents.score_text",
    title="Score a text",
    summary="How well a text fits the brand's voice, with reasons.",
    permission=permissions.VIEW_VOICE,
    effect=Effect.NONE,
    queue="ai",
)
def score_text(ctx: ActionContext, input: ScoreTextInput) -> ScoreOutput:
    result = voice.score(actor=ctx.actor, text=input.text, network=input.network)
    return ScoreOutput(value=result.value, label=result.label, reasons=result.reasons)


class CandidateOutput(BaseModel):
    network: str
    text: str
    writer: str
    score: int
    verdict: str


class DraftOutput(BaseModel):
    draft_id: str
    state: str
    note: str
    candidates: list[CandidateOutput]


class DraftInput(BaseModel):
    draft_id: str


def _output(draft: Draft) -> DraftOutput:
    return DraftOutput(
        draft_id=str(draft.pk),
        state=draft.state,
        note=draft.error,
        candidates=[
            CandidateOutput(
                network=c.network, text=c.text, writer=c.writer, score=c.score, verdict=c.verdict
            )
            for c in draft.candidates.all()
        ],
    )


@action(
    key="agents.draft_posts",
    title="Draft posts",
    summary="Two or three texts for each network from one brief, in the brand's voice.",
    permission=permissions.WRITE,
    effect=Effect.IDEMPOTENT,
    queue="ai",
    timeout=300,
)
def draft_posts(ctx: ActionContext, input: Brief) -> DraftOutput:
    return _output(
        writing.write_candidates(
            actor=ctx.actor, brief=input, progress=ctx.progress, job_id=ctx.job_id
        )
    )


@action(
    key="agents.write_candidates",
    title="Write a draft's candidates",
    summary="Fill a draft that was started; running it again replaces them.",
    permission=permissions.WRITE,
    effect=Effect.IDEMPOTENT,
    queue="ai",
    timeout=300,
    retry=Retry(max_attempts=3, base_seconds=5, cap_seconds=60),
    concurrency=lambda input: [(f"draft:{input.draft_id}", 1)],
    faces=[Face.API, Face.PIPELINE],
)
def write_candidates(ctx: ActionContext, input: DraftInput) -> DraftOutput:
    return _output(
        writing.fill(
            actor=ctx.actor, draft_id=input.draft_id, progress=ctx.progress, job_id=ctx.job_id
        )
    )
