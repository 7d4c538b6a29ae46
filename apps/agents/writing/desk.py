"""The editor's desk: gathers passages, has candidates written, checks, repairs and ranks them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from apps.agents.voice import Document, Score, VoiceData
from apps.agents.writing import builtin, passages
from apps.agents.writing.guards import Finding, Verdict, check, similarity, verdict_of
from apps.agents.writing.repair import mend
from apps.agents.writing.types import Assignment, Brief, Network, Passage

BUILT_IN = "built-in"
MAX_REPAIRS = 2
_TOO_ALIKE, _STILL_ANOTHER = 0.5, 0.82
_POOL = 40


@dataclass(frozen=True)
class Written:
    """A checked text. `writer` is `built-in` or the model's name; `repairs` counts the rounds."""

    network: str
    text: str
    writer: str
    score: Score
    verdict: Verdict
    findings: tuple[Finding, ...]
    passages: tuple[Passage, ...]
    repairs: int = 0
    form: str = ""


@dataclass(frozen=True)
class ModelWriter:
    """A model as the desk sees it. `write` returns texts, `name` labels them."""

    name: Callable[[], str]
    write: Callable[[Assignment], list[str]]


def write(
    brief: Brief,
    *,
    brand: str,
    voice: VoiceData,
    documents: list[Document],
    networks: list[Network],
    model: ModelWriter | None = None,
    existing: list[str] | None = None,
    candidates: int = 3,
    seed: int = 0,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> list[Written]:
    """Up to `candidates` texts for each network, best first; at least one unless nothing fits.

    No text that a guard blocks is returned. Where the model's texts cannot be mended the built-in
    writer fills up. What `model.write` raises passes through.
    """
    found = passages.find(documents, brief, voice)
    source_text = "\n".join(document.text for document in documents)
    written: list[Written] = []
    leads: set[str] = set()
    for index, network in enumerate(networks):
        assignment = Assignment(brief, brand, voice, network, tuple(found), candidates)
        desk = _Desk(assignment, source_text, existing or [], seed, frozenset(leads))
        fresh = desk.write(model)
        leads |= {passage.text for result in fresh for passage in result.passages[:1]}
        written += fresh
        progress(index + 1, len(networks))
    return written


class _Desk:
    def __init__(
        self,
        assignment: Assignment,
        source_text: str,
        existing: list[str],
        seed: int,
        leads_elsewhere: frozenset[str],
    ) -> None:
        self.leads_elsewhere = leads_elsewhere
        self.assignment = assignment
        self.source_text = source_text
        self.existing = existing
        self.seed = seed
        self.kept: list[Written] = []

    def write(self, model: ModelWriter | None) -> list[Written]:
        wanted = self.assignment.candidates
        if model is not None:
            for text in model.write(self.assignment)[: wanted + 1]:
                self._keep(self._settled(text, model))
        if len(self.kept) < min(2, wanted):
            self._fill_up(wanted)
        return self.kept[:wanted]

    def _checked(
        self, text: str, writer: str, used: tuple[Passage, ...], repairs: int = 0, form: str = ""
    ) -> Written:
        others = [*self.existing, *(kept.text for kept in self.kept)]
        findings, result = check(text, self.assignment, source_text=self.source_text, others=others)
        return Written(
            self.assignment.network.key, text, writer, result, verdict_of(findings),
            tuple(findings), used, repairs, form,
        )  # fmt: skip

    def _settled(self, text: str, model: ModelWriter) -> Written:
        """`text` after at most two repairs: first the model's own, then the mechanical one."""
        used = tuple(self.assignment.passages[:5])
        result = self._checked(text.strip(), model.name(), used)
        for round_number in range(1, MAX_REPAIRS + 1):
            if result.verdict != "block":
                break
            fixed = (
                self._ask_again(result, model)
                if round_number == 1
                else mend(result.text, result.findings, self.assignment)
            )
            if fixed:
                result = self._checked(fixed, model.name(), used, repairs=round_number)
        return result

    def _ask_again(self, result: Written, model: ModelWriter) -> str:
        problems = tuple(f.message for f in result.findings if f.verdict == "block")
        again = replace(self.assignment, candidates=1, problems=problems, previous=result.text)
        return next((text.strip() for text in model.write(again)), "")

    def _keep(self, result: Written, alike_from: float = _TOO_ALIKE) -> None:
        alike = any(similarity(result.text, kept.text) >= alike_from for kept in self.kept)
        if result.verdict != "block" and not alike:
            self.kept.append(result)

    def _fill_up(self, wanted: int) -> None:
        """Best built-in texts by score and relevance, each of another shape or another passage."""
        pool = []
        for composed in builtin.compose(self.assignment, seed=self.seed):
            result = self._checked(composed.text, BUILT_IN, composed.passages, form=composed.form)
            if result.verdict == "block":
                fixed = mend(result.text, result.findings, self.assignment)
                if fixed:
                    result = self._checked(
                        fixed, BUILT_IN, composed.passages, repairs=1, form=composed.form
                    )
            if result.verdict != "block":
                pool.append(result)
            if len(pool) >= _POOL:
                break
        spare = list(pool)
        while pool and len(self.kept) < wanted:
            best = max(pool, key=self._worth)
            pool.remove(best)
            self._keep(self._recheck(best))
        # Little is said on the topic: a second reading of the same passage beats no choice at all.
        while spare and len(self.kept) < min(2, wanted):
            best = max(spare, key=self._worth)
            spare.remove(best)
            self._keep(self._recheck(best), alike_from=_STILL_ANOTHER)

    def _recheck(self, result: Written) -> Written:
        """The same text judged beside those kept since."""
        return self._checked(
            result.text, result.writer, result.passages, result.repairs, result.form
        )

    def _worth(self, result: Written) -> float:
        """Points: voice, relevance, use of the key points, variety against what is kept already."""
        relevance = max((p.relevance for p in result.passages), default=0.5)
        points = sum(point.rstrip(".") in result.text for point in self.assignment.brief.key_points)
        shape_known = any(kept.form == result.form for kept in self.kept)
        lead_known = any(p.text in kept.text for kept in self.kept for p in result.passages)
        warned = result.verdict == "warn"
        used_elsewhere = any(p.text in self.leads_elsewhere for p in result.passages[:1])
        fullness = min(
            1.0,
            self.assignment.network.count(result.text) / min(280, self.assignment.network.limit),
        )
        return (
            result.score.value * 0.5 + relevance * 30 + min(3, points) * 8 + fullness * 12
            - 12 * shape_known - 40 * lead_known - 15 * warned - 12 * used_elsewhere
        )  # fmt: skip
