"""A workspace with a full month: two channels, 500 posts, a person who is signed in, a key."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.cached_db import SessionStore
from django.utils import timezone

from apps.integrations.models import Connection
from apps.knisoci.models import Channel, Post, Target, Variant
from apps.knisoci.services import channels
from apps.workspaces.models import Workspace
from apps.workspaces.tenancy import workspace_context
from apps.workspaces.types import Actor
from tests.api.conftest import make_key
from tests.conftest import make_member

TEXT = (
    "We rebuilt the way requests wait for each other, and the slowest tenth of pages became twice "
    "as quick. Here is what we measured, what surprised us, and what we would do again. "
)


@dataclass(frozen=True)
class Seeded:
    user: Any
    session: str  # value of the session cookie
    key: str
    post: Any  # id of a post with two drafts


def seed(slug: str = "acme", *, posts: int = 500) -> Seeded:
    """Fill ``slug``. Posts stand around today, two thirds planned and a third published."""
    workspace = Workspace.objects.get(slug=slug)
    user = make_member(workspace, "owner", "bench@acme.example")
    raw, _ = make_key(user, workspace)
    with workspace_context(workspace):
        places = [_channel(workspace, provider) for provider in ("mastodon", "bluesky")]
        _posts(places, user, posts)
        draft = Post.objects.create(title="Draft", author=user)
        for place in places:
            variant = Variant.objects.create(
                post=draft, channel=place, text=TEXT, content_hash=f"draft-{place.pk}"
            )
            Target.objects.create(variant=variant, post=draft, channel=place)
    return Seeded(user, _session(user), raw, draft.pk)


def _channel(workspace: Any, provider: str) -> Channel:
    connection = Connection.objects.create(
        provider=provider,
        host=f"https://{provider}.example",
        remote_id="1",
        handle=f"@acme@{provider}.example",
        name=f"Acme on {provider.title()}",
    )
    return channels.add(actor=Actor.system(workspace), connection=connection)


def _posts(places: list[Channel], user: Any, count: int) -> None:
    """Straight into the tables: the bench reads them, and nothing runs."""
    start = timezone.now().replace(minute=0, second=0, microsecond=0) - timedelta(days=9)
    posts = [Post(title=f"Post number {n}", author=user) for n in range(count)]
    variants, targets = [], []
    for number, post in enumerate(posts):
        place = places[number % len(places)]
        variant = Variant(
            post=post, channel=place, text=f"{number}: {TEXT}", content_hash=f"hash-{number}"
        )
        at = start + timedelta(minutes=81 * number)
        is_out = number % 3 == 0
        variants.append(variant)
        targets.append(
            Target(
                variant=variant,
                post=post,
                channel=place,
                state="published" if is_out else "scheduled",
                due_at=at,
                wall_date=at.date(),
                wall_time=at.time(),
                published_at=at if is_out else None,
                remote_id=f"remote-{number}" if is_out else "",
                permalink=f"https://social.example/@acme/{number}" if is_out else "",
                metrics={"likes": number % 40, "replies": number % 7} if is_out else {},
            )
        )
    Post.objects.bulk_create(posts)
    Variant.objects.bulk_create(variants)
    Target.objects.bulk_create(targets)


def _session(user: Any) -> str:
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.create()
    return str(session.session_key)
