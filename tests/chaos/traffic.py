"""Workspaces with accounts and posts; and the count of what became of them."""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from multiprocessing import get_context
from typing import Any, TypeVar

import django
from django.db import DatabaseError, InterfaceError, connection
from django.utils import timezone

from apps.integrations import providers
from apps.integrations.services import sandbox
from apps.knisoci.services import channels
from apps.workspaces.models import Workspace
from apps.workspaces.tenancy import workspace_context
from apps.workspaces.types import Actor
from tests.support import planning
from tests.support.samples import variant_for

Result = TypeVar("Result")
AT_REST = {"published", "failed", "held", "missed", "unconfirmed", "cancelled", "draft"}


@dataclass
class Plan:
    """What was asked for: posts by network; and which network each workspace posts on."""

    workspaces: list[Any]
    networks: dict[str, str] = field(default_factory=dict)  # by schema
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


def schedule(
    workspaces: list[Any], publishes: int, keys: list[str], *, spread: float, per_account: int
) -> Plan:
    """`publishes` posts due within `spread` seconds from now: each workspace on a network of `keys`,
    in turn, with up to `per_account` posts for an account, or what the network's quotas allow."""
    plan = Plan(workspaces)
    start = timezone.now() + timedelta(seconds=2)
    shares = _shares(workspaces, publishes, keys)
    work = []
    for number, (workspace, (key, share)) in enumerate(zip(workspaces, shares, strict=True)):
        plan.networks[workspace.schema_name] = key
        plan.expected[key] += share
        most = min(per_account, _cap(key, "account"))
        work.append((workspace.pk, number, key, share, start, spread, most))
    connection.close()
    with ProcessPoolExecutor(mp_context=get_context("spawn"), initializer=django.setup) as pool:
        list(pool.map(_fill, *zip(*work, strict=True)))
    return plan


def _shares(workspaces: list[Any], publishes: int, keys: list[str]) -> list[tuple[str, int]]:
    """Even over the workspaces; what a network's app may not send in a day goes to the others."""
    owners = [keys[number % len(keys)] for number in range(len(workspaces))]
    caps = {key: _cap(key, "app") // max(1, owners.count(key)) for key in keys}
    shares = [0] * len(workspaces)
    left, turn = publishes, 0
    while left:
        number = turn % len(workspaces)
        if shares[number] < caps[owners[number]]:
            shares[number] += 1
            left -= 1
        turn += 1
    return list(zip(owners, shares, strict=True))


def _cap(key: str, scope: str) -> int:
    """Posts that the network allows an account or its app, at the narrowest."""
    quotas = providers.get(key).capabilities.quotas
    return min([q.limit for q in quotas if q.scope == scope and q.role == "post"], default=10**9)


def _fill(
    workspace_id: int,
    number: int,
    key: str,
    share: int,
    start: datetime,
    spread: float,
    per_account: int,
) -> None:
    """Connect the accounts of one workspace and schedule its posts; in a process of its own."""
    workspace = Workspace.objects.get(pk=workspace_id)
    with workspace_context(workspace):
        actor, provider = Actor.system(workspace), providers.get(key)
        for account in range(math.ceil(share / per_account)):
            login = f"account{number}x{account}"
            connection = sandbox.connect(actor=actor, provider=key, login=login)
            channel = channels.add(actor=actor, connection=connection)
            first = account * per_account
            numbers = range(first, min(share, first + per_account))
            texts = [f"Post {index} of {login}" for index in numbers]
            fields = variant_for(provider, connection.account, actor, texts[0])
            # A slow machine needs a while to write them all; whole seconds make fewer moments.
            now = timezone.now().replace(microsecond=0)
            due = [start + timedelta(seconds=spread * index // max(share, 1)) for index in numbers]
            planning.plan(
                actor=actor,
                channel=channel,
                texts=texts,
                due=[max(moment, now) for moment in due],
                late_minutes=600,
                **{name: value for name, value in fields.items() if name != "text"},
            )


def by_network(plan: Plan) -> dict[str, Counter[str]]:
    """How many targets of each network stand in each state."""
    found: dict[str, Counter[str]] = {key: Counter() for key in plan.expected}
    for schema, key in plan.networks.items():
        with connection.cursor() as cursor:
            cursor.execute(f'SELECT state, count(*) FROM "{schema}".knisoci_target GROUP BY state')
            found[key].update(dict(cursor.fetchall()))
    return found


def slowest_doubt(plan: Plan) -> float:
    """Seconds from the call that got no answer to the moment a person was asked, the longest."""
    slowest = 0.0
    for schema in plan.networks:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT coalesce(max(extract(epoch FROM finished_at - called_at)), 0)"
                f" FROM \"{schema}\".knisoci_attempt WHERE state = 'unconfirmed'"
            )
            slowest = max(slowest, float(cursor.fetchone()[0]))
    return slowest


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
    """Rows that would mean somebody is stuck, and remote ids that two targets of a channel share.

    Some networks number posts by account, so equal ids of two channels mean nothing.
    """

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
                    f' (SELECT count(remote_id) - count(DISTINCT (channel_id, remote_id)) FROM "{schema}"'
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
