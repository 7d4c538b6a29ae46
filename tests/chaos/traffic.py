"""Workspaces with accounts and posts; and the count of what became of them."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, TypeVar

from django.db import DatabaseError, InterfaceError, connection
from django.utils import timezone

from tests.support.networks import Networks

Result = TypeVar("Result")
AT_REST = {"published", "failed", "held", "missed", "unconfirmed", "cancelled", "draft"}


@dataclass
class Plan:
    """What was asked for: posts by account."""

    workspaces: list[Any]
    expected: Counter[str] = field(default_factory=Counter)

    @property
    def total(self) -> int:
        return sum(self.expected.values())


def prepare(count: int) -> list[Any]:
    """`count` empty workspaces with an owner."""
    from django.core.management import call_command

    from apps.accounts.models import User
    from apps.workspaces.services import provisioning

    call_command("migrate", interactive=False, verbosity=0)
    provisioning.rebuild_template()
    provisioning.ensure_system_workspace()
    owner = User.objects.create_user("chaos@example.com", "correct horse battery", name="Chaos")
    return [
        provisioning.create_workspace(owner=owner, name=f"Chaos {n}", slug=f"chaos-{n}")
        for n in range(count)
    ]


def schedule(workspaces: list[Any], publishes: int, networks: Networks, *, spread: float) -> Plan:
    """`publishes` posts, even over the workspaces, due within `spread` seconds from now."""
    from apps.integrations.services import connections
    from apps.knisoci.services import channels, posts
    from apps.workspaces.tenancy import workspace_context
    from apps.workspaces.types import Actor

    plan = Plan(workspaces)
    start = timezone.now() + timedelta(seconds=2)
    for number, workspace in enumerate(workspaces):
        share = publishes // len(workspaces) + (number < publishes % len(workspaces))
        with workspace_context(workspace):
            actor = Actor.system(workspace)
            login = f"account{number}"
            account = connections.connect(
                actor=actor,
                provider="mastodon",
                values={"host": f"{networks.url}/mastodon", "token": f"sandbox-{login}"},
            )
            channel = channels.add(actor=actor, connection=account)
            for index in range(share):
                post = posts.create(
                    actor=actor,
                    title=f"{login} {index}",
                    variants=[{"channel": channel, "text": f"Post {index} of {login}"}],
                )
                due = start + timedelta(seconds=spread * index / max(share, 1))
                due = max(due, timezone.now())  # a slow machine needs a while to write them all
                posts.schedule(actor=actor, post=post, when=due, late_minutes=600)
            plan.expected[login] += share
    return plan


def states(plan: Plan) -> Counter[str]:
    """How many targets stand in each state, over all workspaces. One statement; waits out outages."""
    union = " UNION ALL ".join(
        f'SELECT state FROM "{one.schema_name}".knisoci_target' for one in plan.workspaces
    )

    def read() -> Counter[str]:
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT state, count(*) FROM ({union}) AS t GROUP BY state")
            return Counter(dict(cursor.fetchall()))

    return patiently(read)


def leftovers(plan: Plan) -> dict[str, int]:
    """Rows that would mean somebody is stuck, and remote ids that two targets share."""

    def read() -> dict[str, int]:
        found: Counter[str] = Counter()
        for one in plan.workspaces:
            with connection.cursor() as cursor:
                schema = one.schema_name
                cursor.execute(
                    f'SELECT (SELECT count(*) FROM "{schema}".knisoci_attempt'
                    " WHERE state IN ('open', 'unknown')),"
                    f' (SELECT count(*) FROM "{schema}".orchestrator_job'
                    " WHERE action = 'knisoci.publish_target' AND state <> 'succeeded'),"
                    f' (SELECT count(remote_id) - count(DISTINCT remote_id) FROM "{schema}"'
                    ".knisoci_target WHERE state = 'published'),"
                    f' (SELECT count(*) FROM "{schema}".knisoci_attempt WHERE was_adopted),'
                    f" (SELECT count(*) FROM \"{schema}\".knisoci_attempt WHERE state = 'not_sent')"
                )
                row = cursor.fetchone()
            for name, value in zip(
                ("open attempts", "unfinished jobs", "shared ids", "adopted", "sent again"),
                row,
                strict=True,
            ):
                found[name] += value
        return dict(found)

    return patiently(read)


def patiently(read: Callable[[], Result], seconds: float = 180) -> Result:
    """`read()`, again and again while the database is away."""
    end = time.monotonic() + seconds
    while True:
        try:
            return read()
        except (DatabaseError, InterfaceError):
            connection.close()
            if time.monotonic() > end:
                raise
            time.sleep(0.2)
