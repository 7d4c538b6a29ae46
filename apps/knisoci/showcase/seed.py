"""The demo workspace of a new installation: a brand that was read, a voice, channels, a full calendar.

Everything goes through the services and really stands in the sandbox's feeds. Only the past is made:
what was published a moment ago is dated back over four weeks, with numbers that grow as the
sandbox's do, so that the charts have something to show. The workspace is marked as a sandbox.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from allauth.account.models import EmailAddress
from django.utils import timezone

from apps.accounts.models import User
from apps.agents.services import voice, writing
from apps.agents.writing import Brief
from apps.knisoci import content, queries
from apps.knisoci.models import Campaign, Channel, MetricSnapshot, Post, Target
from apps.knisoci.services import campaigns, drafting, posts, publishing
from apps.knisoci.showcase import topics
from apps.knisoci.showcase.main_job import connect_sandbox
from apps.knisoci.transitions import TargetState
from apps.knowledge.services import brands, crawling, sources
from apps.workspaces.models import Workspace
from apps.workspaces.services import provisioning
from apps.workspaces.tenancy import workspace_context
from apps.workspaces.types import Actor

BRAND = "Tern & Tandem"
SLUG = "demo"
EMAIL = "demo@candy.example"
PASSWORD = "sweet-demo-2026"  # noqa: S105  printed on purpose; local demo data only
PAST, FUTURE = 12, 8
Say = Callable[[str], None]
Variants = list[dict[str, Any]]


def seed(*, site: str, say: Say) -> bool:
    """Make the demo workspace from the brand at ``site``; False where there is one already."""
    if Workspace.objects.filter(slug=SLUG).exists():
        return False
    owner = _owner()
    say("reading the demo brand, learning its voice, filling its calendar …")
    workspace = provisioning.create_workspace(
        owner=owner, name=f"{BRAND} (demo)", slug=SLUG, is_sandbox=True
    )
    with workspace_context(workspace):
        actor = Actor.system(workspace, label=owner.display_name)
        _brand(actor, site)
        rows = connect_sandbox(actor=actor, name=BRAND)
        _fill(actor, [channel for channel in rows if content.takes_plain_text(channel)])
    return True


def _owner() -> User:
    owner = User.objects.filter(email=EMAIL).first()
    if owner is None:
        owner = User.objects.create_user(EMAIL, PASSWORD, name="Dana Demo", is_staff=True)
        owner.is_superuser = True
        owner.save(update_fields=["is_superuser"])
        EmailAddress.objects.create(user=owner, email=EMAIL, verified=True, primary=True)
    return owner


def _brand(actor: Actor, site: str) -> None:
    brands.ensure(actor=actor)
    brands.update(actor=actor, name=BRAND, website=site)
    source = sources.add_website(actor=actor, address=site)
    crawling.crawl_source(actor=actor, source_id=source.pk)
    voice.learn(actor=actor)


def _fill(actor: Actor, rows: list[Channel]) -> None:
    chance = random.Random(7)
    subjects = topics.topics(limit=PAST + FUTURE)
    campaign = campaigns.create(
        actor=actor, name="Autumn at the workshop", starts_on=timezone.localdate()
    )
    texts = {subject: _texts(actor, subject, rows) for subject in subjects}
    written = [(subject, one) for subject in subjects for one in texts[subject]]
    chance.shuffle(written)
    for number, draft in enumerate(written[:PAST]):
        post = _post(actor, draft, campaign)
        _publish_in_the_past(actor, post, days=28 - number * 28 / PAST, chance=chance)
    for draft in written[PAST : PAST + FUTURE]:
        posts.schedule(actor=actor, post=_post(actor, draft, campaign), when="slot")
    for draft in written[PAST + FUTURE : PAST + FUTURE + 2]:
        _post(actor, draft, campaign)


def _texts(actor: Actor, subject: str, rows: list[Channel]) -> list[Variants]:
    """Variants for each candidate position: one list makes one post."""
    brief = Brief(topic=subject, networks=[channel.provider for channel in rows])
    draft = writing.write_candidates(actor=actor, brief=brief)
    by_position: dict[int, list[Any]] = {}
    for candidate in draft.candidates.all():
        by_position.setdefault(candidate.position, []).append(candidate)
    found = [drafting.variants(candidates=one, channels=rows) for one in by_position.values()]
    return [variants for variants in found if variants]


def _post(actor: Actor, draft: tuple[str, Variants], campaign: Campaign) -> Post:
    title, variants = draft
    return posts.create(actor=actor, title=title, campaign=campaign, variants=variants)


def _publish_in_the_past(actor: Actor, post: Post, *, days: float, chance: random.Random) -> None:
    """Publish for real, then date it back by ``days`` with a history of numbers."""
    for target in posts.schedule(actor=actor, post=post, when="now"):
        publishing.publish(target=target.pk, job_id=target.job_id)
    moment = timezone.now() - timedelta(days=days, minutes=chance.randrange(600))
    for target in queries.targets().filter(post=post, state=TargetState.PUBLISHED):
        _date_back(target, moment, reach=chance.uniform(0.4, 2.2))


def _date_back(target: Target, moment: datetime, *, reach: float) -> None:
    snapshots = [
        MetricSnapshot(target=target, at=at, values=_numbers(at - moment, reach))
        for at in _measured_at(moment)
    ]
    MetricSnapshot.objects.bulk_create(snapshots)
    Target.objects.filter(pk=target.pk).update(
        due_at=moment,
        published_at=moment,
        wall_date=moment.date(),
        wall_time=moment.time().replace(microsecond=0),
        metrics=snapshots[-1].values if snapshots else {},
        metrics_at=snapshots[-1].at if snapshots else None,
        next_metrics_at=None,  # the sandbox would tell how young these posts really are
    )
    Post.objects.filter(pk=target.post_id).update(created_at=moment - timedelta(hours=3))


def _measured_at(moment: datetime) -> list[datetime]:
    now = timezone.now()
    steps = [timedelta(hours=1), timedelta(hours=6), *(timedelta(days=n) for n in range(1, 29))]
    return [moment + step for step in steps if moment + step < now]


def _numbers(age: timedelta, reach: float) -> dict[str, int]:
    """Counters that rise quickly for two days and then flatten."""
    share = 1 - math.exp(-age.total_seconds() / 86_400 / 1.2)
    return {
        "likes": round(34 * reach * share),
        "replies": round(6 * reach * share),
        "reposts": round(11 * reach * share),
    }
