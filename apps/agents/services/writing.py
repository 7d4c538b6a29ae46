"""Having candidates written for a brief."""

from __future__ import annotations

import uuid
import zlib
from collections.abc import Callable

from django.db import transaction

from apps.agents import permissions, queries
from apps.agents.llm import BudgetExceeded, ModelsUnavailable, NoModel
from apps.agents.llm.routing import models_for
from apps.agents.llm.types import Purpose
from apps.agents.models import Candidate, Draft, VoiceVersion
from apps.agents.networks import networks_for
from apps.agents.services.model_writer import ModelDesk
from apps.agents.voice import Document
from apps.agents.writing import Brief, Network, Written, write
from apps.errors import ValidationFailed
from apps.knowledge import queries as knowledge
from apps.knowledge.services import brands
from apps.orchestrator import services as orchestrator
from apps.workspaces.types import Actor

WRITE = "agents.write_candidates"
Progress = Callable[[float, str], None]


def start(*, actor: Actor, brief: Brief) -> Draft:
    """A draft whose candidates a job writes. Raises NoVoice, ValidationFailed for a bad brief."""
    actor.require(permissions.WRITE)
    draft = _new_draft(actor, brief)
    with transaction.atomic():
        draft.save(force_insert=True)
        job = orchestrator.enqueue(
            actor=actor,
            action=WRITE,
            input={"draft_id": str(draft.pk)},
            subject=("draft", str(draft.pk)),
        )
        draft.job_id = job.pk
        draft.save(update_fields=["job_id"])
    return draft


def write_candidates(
    *,
    actor: Actor,
    brief: Brief,
    networks: list[Network] | None = None,
    progress: Progress = lambda fraction, message: None,
    job_id: uuid.UUID | None = None,
) -> Draft:
    """Write now and return the draft with its candidates. Emits `draft.written`.

    `networks` overrides how the brief's networks count, for accounts with limits of their own.
    Takes seconds with a model, so it must not be called inside a transaction.
    """
    actor.require(permissions.WRITE)
    draft = _new_draft(actor, brief)
    draft.save(force_insert=True)
    return fill(actor=actor, draft_id=draft.pk, networks=networks, progress=progress, job_id=job_id)


def fill(
    *,
    actor: Actor,
    draft_id: uuid.UUID | str,
    networks: list[Network] | None = None,
    progress: Progress = lambda fraction, message: None,
    job_id: uuid.UUID | None = None,
) -> Draft:
    """Write the candidates of a draft. Running it again replaces them, so a retry adds nothing.

    A model that fails, or a budget that is used up, is no failure: the built-in writer writes and
    `draft.error` says why.
    """
    actor.require(permissions.WRITE)
    draft = queries.get_draft(draft_id)
    brief = Brief.model_validate(draft.brief)
    version = draft.voice or queries.require_version()
    brand = brands.ensure(actor=actor)
    documents = [Document(t.source, t.text, t.title, t.language) for t in knowledge.texts()]
    chosen = networks or networks_for(brief.networks)

    def report(done: int, total: int) -> None:
        progress(done / total, f"Wrote for {done} of {total} networks")

    def desk(model: ModelDesk | None) -> list[Written]:
        return write(
            brief,
            brand=brand.name,
            voice=version.voice,
            documents=documents,
            networks=chosen,
            model=model.writer() if model is not None else None,
            seed=zlib.crc32(str(draft.pk).encode()),
            progress=report,
        )

    note = ""
    try:
        model = ModelDesk(actor, job_id) if models_for(Purpose.WRITE) else None
        written = desk(model)
    except (BudgetExceeded, ModelsUnavailable, NoModel) as error:
        note = f"{error.message} These texts are by the built-in writer."
        written = desk(None)
    return _store(actor, draft, version, written, note)


def _new_draft(actor: Actor, brief: Brief) -> Draft:
    if not brief.networks:
        raise ValidationFailed("Choose at least one network.", field="networks")
    networks_for(brief.networks)
    version = queries.require_version()
    return Draft(
        brand=brands.ensure(actor=actor),
        voice=version,
        brief=brief.model_dump(mode="json"),
        created_by_id=actor.user_id,
    )


def _store(
    actor: Actor, draft: Draft, version: VoiceVersion, written: list[Written], note: str
) -> Draft:
    positions: dict[str, int] = {}
    rows = []
    for result in written:
        positions[result.network] = positions.get(result.network, 0) + 1
        rows.append(_row(draft, result, positions[result.network]))
    with transaction.atomic():
        draft = Draft.objects.select_for_update().get(pk=draft.pk)
        draft.candidates.all().delete()
        Candidate.objects.bulk_create(rows)
        draft.state = Draft.State.READY if rows else Draft.State.FAILED
        draft.error = note[:500] if rows else "Nothing could be written that passes the checks."
        draft.voice = version
        draft.save(update_fields=["state", "error", "voice"])
        orchestrator.emit(
            actor=actor,
            kind="draft.written" if rows else "draft.failed",
            subject=("draft", str(draft.pk)),
            data={"candidates": len(rows), "writers": sorted({row.writer for row in rows})},
            summary=f"Wrote {len(rows)} drafts about {draft.brief['topic']}"[:300],
        )
    return queries.get_draft(draft.pk)


def _row(draft: Draft, result: Written, position: int) -> Candidate:
    return Candidate(
        draft=draft,
        network=result.network,
        position=position,
        text=result.text,
        writer=result.writer,
        score=result.score.value,
        verdict=result.verdict,
        reasons=[reason.model_dump(mode="json") for reason in result.score.reasons],
        findings=[f.model_dump(mode="json") for f in result.findings if f.verdict != "pass"],
        sources=[{"source": p.source, "title": p.title, "text": p.text} for p in result.passages],
        repairs=result.repairs,
    )
