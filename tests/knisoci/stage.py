"""A channel on a simulated network, and content that goes out as a test gives it."""

from __future__ import annotations

import time
from typing import Any

from django.utils import timezone

from apps.integrations import providers
from apps.integrations.providers.base import Content, PublishProvider
from apps.integrations.services import sandbox
from apps.knisoci.models import Target
from apps.knisoci.services import channels, posts, publishing, settling
from apps.knisoci.transitions import TargetState
from apps.orchestrator import Defer, Landed, NotLanded, OutcomeUnknown
from tests.knisoci.conftest import again
from tests.support.networks import Networks
from tests.support.publishing import Files
from tests.support.samples import content_for

S = TargetState
KEYS = [provider.key for provider in providers.all_publishers()]
ENDINGS = frozenset({S.PUBLISHED, S.HELD, S.FAILED, S.UNCONFIRMED})


class Stage:
    """A channel on one simulated network, and content that goes out as it is given here."""

    def __init__(
        self, provider: PublishProvider, actor: Any, network: Networks, files: Files
    ) -> None:
        self.provider, self.actor, self.network, self.files = provider, actor, network, files
        network.control(provider.key, scenario="success", reset=True, seed=1)
        connection = sandbox.connect(actor=actor, provider=provider.key, login="maren")
        self.channel = channels.add(actor=actor, connection=connection)
        self.given: dict[Any, Content] = {}

    def build(self, variant: Any, channel: Any, **how: Any) -> Content:
        return self.given[variant.text]

    def target(self, made: Content) -> Target:
        self.given[made.text] = made
        post = posts.create(
            actor=self.actor,
            title="Proof",
            variants=[{"channel": self.channel, "text": made.text}],
        )
        posts.schedule(actor=self.actor, post=post, when="now")
        return again(Target.objects.get(post=post))

    def sample(self, text: str, **more: Any) -> Content:
        account = self.channel.connection.account
        return content_for(self.provider, account, self.files, text, **more)

    def control(self, scenario: str, **more: Any) -> None:
        self.network.control(self.provider.key, scenario=scenario, **more)

    def count(self) -> tuple[int, int]:
        """How many posts the network has, and how many of them are one too many."""
        state = self.network.state(self.provider.key)
        return sum(state["posts"].values()), sum(state["duplicates"].values())


def step(target: Target) -> str:
    """One turn of a worker: what the job would do now."""
    row = again(target)
    try:
        if row.state == S.UNKNOWN:
            verdict = settling.reconcile(target=row.pk, job_id=row.job_id)
            if isinstance(verdict, Landed | NotLanded):
                return "looked"
            assert verdict.retry_at is not None
            time.sleep(min(1.5, max(0.0, (verdict.retry_at - timezone.now()).total_seconds())))
            return "looking"
        publishing.publish(target=row.pk, job_id=row.job_id)
    except OutcomeUnknown:
        return "doubt"
    except Defer:
        return "later"
    return "done"


def finish(stage: Stage, target: Target, *, turns: int = 300, seconds: float = 40) -> Target:
    """Turn after turn until the target rests. What the network wants time for, it gets at once."""
    end, offset = time.monotonic() + seconds, 0
    for turn in range(turns):
        row = again(target)
        if row.state in ENDINGS or time.monotonic() > end:
            break
        if step(target) == "later" and turn > 1:
            offset += 20
            stage.network.control(stage.provider.key, clock_offset=offset)
            time.sleep(0.02)
    return again(target)


def promise(stage: Stage) -> str:
    return str(stage.provider.capabilities.publishing.promise)
