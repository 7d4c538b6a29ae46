"""Learning, editing and restoring the voice. Every change is a new version."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.db.models import Max
from pydantic import ValidationError

from apps.agents import permissions, queries
from apps.agents.errors import EditInvalid, NothingToLearn
from apps.agents.models import VoiceProfile, VoiceVersion
from apps.agents.voice import Document, Score, Term, VoiceData
from apps.agents.voice import learn as learn_from
from apps.agents.voice import score as score_text
from apps.agents.voice.rules import rules_of
from apps.knowledge import queries as knowledge
from apps.knowledge.services import brands
from apps.orchestrator import services as orchestrator
from apps.workspaces.types import Actor

_LISTS = ("prefer", "avoid")


def learn(*, actor: Actor, note: str = "") -> VoiceVersion:
    """Learn the voice anew from everything that was read; what people edited by hand is carried over.

    Emits `voice.learned`. Raises NothingToLearn, LearningError.
    """
    actor.require(permissions.EDIT_VOICE)
    texts = knowledge.texts()
    if not texts:
        raise NothingToLearn(
            "There is nothing to learn from yet. Add a website or a document first."
        )
    data = learn_from([Document(t.source, t.text, t.title, t.language) for t in texts])
    previous = queries.current_version()
    if previous is not None:
        _carry_over(previous.voice, data)
    version = _add_version(
        actor=actor,
        data=data,
        origin=VoiceVersion.Origin.LEARNED,
        note=note or f"From {data.documents} texts, {data.words:,} words",
        kind="voice.learned",
        summary=f"Learned the voice from {data.documents} texts",
    )
    brand = knowledge.current_brand()
    if brand is not None and not brand.language:
        brands.update(actor=actor, language=data.language)
    return version


def _carry_over(old: VoiceData, new: VoiceData) -> None:
    """Keep what people decided: moved scales and words they added."""
    for scale in old.scales:
        target = new.scale(scale.key)
        if scale.edited and target is not None:
            target.value, target.edited = scale.value, True
    for name in _LISTS:
        kept: list[Term] = [term for term in getattr(old, name) if term.by_hand]
        texts = {term.text for term in kept}
        setattr(new, name, kept + [t for t in getattr(new, name) if t.text not in texts])
    new.rules = rules_of(new)


def edit(*, actor: Actor, changes: dict[str, Any], note: str = "") -> VoiceVersion:
    """A version with `changes`: `scales` {key: 0..100}, `prefer` and `avoid` lists of words, `rules`.

    Emits `voice.edited`. Raises NoVoice, EditInvalid naming the field. An edit that changes nothing
    returns the current version.
    """
    actor.require(permissions.EDIT_VOICE)
    current = queries.require_version()
    data = current.voice.model_copy(deep=True)
    for key, value in changes.get("scales", {}).items():
        scale = data.scale(key)
        if scale is None or not isinstance(value, int) or not 0 <= value <= 100:
            raise EditInvalid("A tone scale runs from 0 to 100.", field=f"scale_{key}")
        if scale.value != value:
            scale.value, scale.edited = value, True
    for name in _LISTS:
        if name in changes:
            setattr(data, name, _terms(name, changes[name], getattr(data, name)))
    if "rules" in changes:
        data.rules = [rule.strip()[:300] for rule in changes["rules"] if rule.strip()][:40]
    elif data != current.voice:
        data.rules = rules_of(data)
    if data == current.voice:
        return current
    return _add_version(
        actor=actor,
        data=data,
        origin=VoiceVersion.Origin.EDITED,
        note=note or "Edited by hand",
        kind="voice.edited",
        summary="Edited the voice",
    )


def _terms(name: str, words: list[str], known: list[Term]) -> list[Term]:
    """`words` as terms: known ones keep their evidence, new ones are marked as added by hand."""
    by_text = {term.text.casefold(): term for term in known}
    out: dict[str, Term] = {}
    for word in words:
        # "utilize > use" sets what to say instead.
        text, _, instead = (part.strip() for part in word.partition(">"))
        if not text:
            continue
        if len(text) > 80:
            raise EditInvalid("A word or phrase has at most 80 characters.", field=name)
        found = by_text.get(text.casefold())
        if found is None or (instead and instead != found.instead):
            found = Term(text=text, instead=instead, why="Added by hand.", by_hand=True)
        out[text.casefold()] = found
    return list(out.values())[:300]


def restore(*, actor: Actor, number: int) -> VoiceVersion:
    """A new version equal to version `number`. Emits `voice.restored`. Raises VersionNotFound."""
    actor.require(permissions.EDIT_VOICE)
    old = queries.get_version(number)
    return _add_version(
        actor=actor,
        data=old.voice,
        origin=VoiceVersion.Origin.RESTORED,
        note=f"As in version {number}",
        kind="voice.restored",
        summary=f"Restored version {number} of the voice",
    )


def score(*, actor: Actor, text: str, network: str | None = None) -> Score:
    """How well `text` fits the current voice. Raises NoVoice."""
    actor.require(permissions.VIEW_VOICE)
    return score_text(text, queries.require_version().voice, network)


def _add_version(
    *, actor: Actor, data: VoiceData, origin: str, note: str, kind: str, summary: str
) -> VoiceVersion:
    """Locks the profile, so that numbers have no gaps and the latest is the current one."""
    try:
        stored = VoiceData.model_validate(data.model_dump()).model_dump(mode="json")
    except ValidationError as error:
        raise EditInvalid("This voice is not valid.") from error
    brand = brands.ensure(actor=actor)
    with transaction.atomic():
        profile, _ = VoiceProfile.objects.get_or_create(brand=brand)
        profile = VoiceProfile.objects.select_for_update().get(pk=profile.pk)
        last = profile.versions.aggregate(last=Max("number"))["last"] or 0
        version = VoiceVersion.objects.create(
            profile=profile,
            number=last + 1,
            origin=origin,
            note=note[:200],
            data=stored,
            created_by_id=actor.user_id,
        )
        profile.current = version
        profile.save(update_fields=["current", "updated_at"])
        orchestrator.emit(
            actor=actor,
            kind=kind,
            subject=("voice", str(profile.pk)),
            data={"version": version.number, "words": data.words, "language": data.language},
            summary=summary,
        )
    return version
