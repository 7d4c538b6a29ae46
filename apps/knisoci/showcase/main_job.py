"""The main job from end to end: from a brand's own words to posts that went out and their numbers."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.utils import timezone

from apps.accounts.models import User
from apps.agents.services import voice, writing
from apps.agents.writing import Brief
from apps.errors import DomainError
from apps.integrations.services import sandbox
from apps.knisoci import content, queries
from apps.knisoci.models import Channel, Target
from apps.knisoci.services import campaigns, channels, drafting, posts
from apps.knisoci.showcase import topics
from apps.knisoci.transitions import TargetState
from apps.knisoci.web import present
from apps.knowledge import queries as knowledge
from apps.knowledge.services import sources
from apps.workspaces.models import Workspace
from apps.workspaces.services import provisioning
from apps.workspaces.tenancy import workspace_context
from apps.workspaces.types import Actor

POSTS = 3
READ_SECONDS = 300.0
PUBLISH_SECONDS = 90.0
METRICS_SECONDS = 60.0
ENDED = {
    TargetState.PUBLISHED,
    TargetState.FAILED,
    TargetState.HELD,
    TargetState.MISSED,
    TargetState.UNCONFIRMED,
    TargetState.CANCELLED,
}
Say = Callable[[str], None]


@dataclass
class Report:
    """What a run did. ``seconds`` is by phase, in order; times are wall clock."""

    source: str
    workspace: str = ""
    sources: list[dict[str, Any]] = field(default_factory=list)
    voice: dict[str, Any] = field(default_factory=dict)
    drafts: list[dict[str, Any]] = field(default_factory=list)
    publications: list[dict[str, Any]] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    @property
    def is_good(self) -> bool:
        """Everything that was planned went out, and the networks answered with numbers."""
        return (
            not self.problems
            and bool(self.publications)
            and all(p["state"] == TargetState.PUBLISHED for p in self.publications)
            and all(p["metrics"] for p in self.publications)
        )


class RunFailed(Exception):
    """The run cannot go on; the report says how far it came."""


def run(*, source: str, say: Say) -> Report:
    """Do the main job for ``source``, a web address or a folder, in a new sandbox workspace.

    Needs the sandbox, a worker and a clock; see processes. Does not raise for what a person would
    be told: that stands in ``problems``.
    """
    report = Report(source)
    started = time.perf_counter()
    try:
        with _phase(report, "workspace", say):
            workspace, owner = _workspace()
            report.workspace = workspace.slug or ""
        with workspace_context(workspace):
            actor = Actor.system(workspace)
            _main_job(report, actor, owner, say)
    except (RunFailed, DomainError) as error:
        report.problems.append(getattr(error, "message", str(error)))
    report.seconds["total"] = round(time.perf_counter() - started, 2)
    return report


def _main_job(report: Report, actor: Actor, owner: User, say: Say) -> None:
    with _phase(report, "read", say):
        _read(report, actor, say)
    with _phase(report, "voice", say):
        _learn(report, actor, say)
    with _phase(report, "channels", say):
        rows = connect_sandbox(actor=actor)
        say(f"  connected {', '.join(channel.connection.handle for channel in rows)}")
    with _phase(report, "write", say):
        writable = [channel for channel in rows if content.takes_plain_text(channel)]
        targets = _write_and_schedule(report, actor, writable, say)
    with _phase(report, "publish", say):
        _wait_published(report, targets, say)
    with _phase(report, "numbers", say):
        _wait_numbers(report, targets, say)


def connect_sandbox(*, actor: Actor, name: str = "") -> list[Channel]:
    """A channel on each built-in network, with the sandbox's own accounts."""
    found = []
    for network in present.networks():
        connection = sandbox.connect(
            actor=actor, provider=network.key, login=present.sandbox_login()
        )
        found.append(
            channels.add(
                actor=actor,
                connection=connection,
                name=f"{name} on {network.name}" if name else "",
            )
        )
    return found


def _workspace() -> tuple[Workspace, User]:
    stamp = timezone.now().strftime("%Y%m%d-%H%M%S")
    owner, _ = User.objects.get_or_create(email="demo-run@candy.example", defaults={"name": "Demo"})
    workspace = provisioning.create_workspace(
        owner=owner, name="Demo run", slug=f"demo-{stamp}", is_sandbox=True
    )
    return workspace, owner


def _read(report: Report, actor: Actor, say: Say) -> None:
    if "://" in report.source:
        add = sources.add_sitemap if report.source.endswith(".xml") else sources.add_website
        add(actor=actor, address=report.source)
    else:
        folder = Path(report.source).expanduser()
        if not folder.is_dir():
            raise RunFailed(f"{report.source} is neither a web address nor a folder.")
        sources.add_folder(actor=actor, folder=folder)
    deadline = time.monotonic() + READ_SECONDS
    shown = -1
    while any(row.is_busy for row in knowledge.sources()):
        done = sum(row.pages_done for row in knowledge.sources())
        if done != shown:
            say(f"  {done} pages read")
            shown = done
        if time.monotonic() > deadline:
            raise RunFailed("Reading took too long; the source may be slow or very large.")
        time.sleep(0.25)
    for row in knowledge.sources():
        report.sources.append(
            {
                "address": row.address,
                "state": row.state,
                "pages": row.pages_read,
                "words": row.words,
                "error": row.error,
            }
        )
    if not knowledge.word_count():
        errors = [row["error"] for row in report.sources if row["error"]]
        raise RunFailed(errors[0] if errors else "Nothing readable was found.")
    say(f"  {knowledge.word_count():,} words from {len(knowledge.texts())} texts")


def _learn(report: Report, actor: Actor, say: Say) -> None:
    version = voice.learn(actor=actor)
    data = version.voice
    report.voice = {
        "words": data.words,
        "language": data.language,
        "scales": {f"{s.low} to {s.high}": s.value for s in data.scales},
        "prefer": [term.text for term in data.prefer[:10]],
        "avoid": [term.text for term in data.avoid[:6]],
        "rules": list(data.rules[:6]),
    }
    for rule in data.rules[:3]:
        say(f"  {rule}")


def _write_and_schedule(
    report: Report, actor: Actor, rows: list[Channel], say: Say
) -> list[Target]:
    """``POSTS`` posts, each with a text for every channel, due a few seconds from now."""
    found: list[Target] = []
    wanted = topics.topics(limit=POSTS)
    campaign = campaigns.create(actor=actor, name="Demo run", starts_on=timezone.localdate())
    for number, topic in enumerate(wanted):
        brief = Brief(topic=topic, networks=[channel.provider for channel in rows])
        draft = writing.write_candidates(actor=actor, brief=brief)
        candidates = list(draft.candidates.all())
        report.drafts += [_draft_line(topic, candidate) for candidate in candidates]
        variants = drafting.variants(candidates=candidates, channels=rows)
        if not variants:
            report.problems.append(f"Nothing passed the guards for “{topic}”.")
            continue
        post = posts.create(actor=actor, title=topic, campaign=campaign, variants=variants)
        due = timezone.now() + timedelta(seconds=3 + 2 * number)
        found += posts.schedule(actor=actor, post=post, when=due)
        say(f"  “{topic}”: {len(variants)} texts, due {due:%H:%M:%S} UTC")
    return found


def _draft_line(topic: str, candidate: Any) -> dict[str, Any]:
    return {
        "topic": topic,
        "network": candidate.network,
        "text": candidate.text,
        "writer": candidate.writer,
        "voice_score": candidate.score,
        "guards": candidate.verdict,
        "findings": [str(finding.get("message", "")) for finding in candidate.findings],
    }


def _wait_published(report: Report, targets: list[Target], say: Say) -> None:
    ids = [target.pk for target in targets]
    seen: set[Any] = set()
    deadline = time.monotonic() + PUBLISH_SECONDS
    while time.monotonic() < deadline and len(seen) < len(ids):
        for row in queries.targets(states=ENDED).filter(pk__in=ids).exclude(pk__in=seen):
            seen.add(row.pk)
            say(
                f"  {row.channel.name}: {row.get_state_display().lower()} {row.permalink or row.error}"
            )
        time.sleep(0.2)


def _wait_numbers(report: Report, targets: list[Target], say: Say) -> None:
    """Until the first metrics of all publications are in; then write everything down."""
    rows = (
        queries.targets().filter(pk__in=[target.pk for target in targets]).order_by("due_at", "id")
    )
    waiting = rows.filter(state=TargetState.PUBLISHED, metrics_at=None)
    deadline = time.monotonic() + METRICS_SECONDS
    while time.monotonic() < deadline and waiting.exists():
        time.sleep(0.3)
    for row in rows:
        late = (
            (row.published_at - row.due_at).total_seconds()
            if row.published_at and row.due_at
            else None
        )
        report.publications.append(
            {
                "channel": row.channel.name,
                "network": row.channel.provider,
                "title": row.post.title,
                "state": str(row.state),
                "permalink": row.permalink,
                "seconds_after_due": round(late, 2) if late is not None else None,
                "metrics": row.metrics,
                "error": row.error,
            }
        )
        if row.metrics:
            numbers = ", ".join(f"{value} {name}" for name, value in row.metrics.items())
            say(f"  {row.channel.name}: {numbers}")


@contextmanager
def _phase(report: Report, name: str, say: Say) -> Iterator[None]:
    say(name.capitalize())
    started = time.perf_counter()
    try:
        yield
    finally:
        report.seconds[name] = round(time.perf_counter() - started, 2)
