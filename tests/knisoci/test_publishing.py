"""A post goes out exactly once, whatever the network answers or forgets to answer."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from apps.integrations.providers.base import ErrorKind, ProviderError
from apps.knisoci import content
from apps.knisoci.errors import InFlight
from apps.knisoci.events import follow_connection
from apps.knisoci.models import Attempt, ReceiptLine, Target
from apps.knisoci.services import channels, ledger, posts, publishing, settling
from apps.knisoci.transitions import TargetState
from apps.orchestrator import Defer, Landed, NotLanded, OutcomeUnknown, StillUnknown
from apps.orchestrator.models import Event, Job
from tests.knisoci.conftest import again, run
from tests.media import samples

S = TargetState


def kinds() -> list[str]:
    return list(Event.objects.order_by("sequence").values_list("kind", flat=True))


def test_a_post_goes_out_with_permalink_receipt_and_event(make_target: Any, network: Any) -> None:
    target = run(make_target("Spring is here"))
    assert target.state == S.PUBLISHED
    assert target.permalink.startswith(network.url)
    assert network.posts() == 1
    (attempt,) = Attempt.objects.all()
    assert (attempt.state, attempt.remote_id) == ("succeeded", target.remote_id)
    line = ReceiptLine.objects.get(method="POST")
    assert (line.status, line.meaning, line.stage) == (200, "Done", "submit")
    assert "Spring is here" in line.request.replace("+", " ")
    assert "sandbox-maren" not in f"{line.request}{line.response}{line.endpoint}"
    assert kinds()[-2:] == ["post.scheduled", "post.published"]
    assert Job.objects.filter(action="knisoci.sync_metrics").count() == 1


def test_a_post_with_an_image_carries_it_and_its_alt_text(
    make_target: Any, network: Any, actor: Any
) -> None:
    from apps.media.services import assets

    asset, _ = assets.upload(
        actor=actor, file=samples.picture(), name="a.jpg", alt_text="A red square"
    )
    target = run(make_target("With a picture", media=[asset.pk]))
    assert target.state == S.PUBLISHED
    stored = network.sandbox.store.posts("mastodon")[0]
    media = network.sandbox.store.get("mastodon", "media", stored["media"][0])
    assert media["description"] == "A red square"
    handles = Attempt.objects.get().handles
    assert handles["media.0"] == media["id"]


@pytest.mark.parametrize("fault", ["accept_then_drop", "error_after_accept", "slow"])
def test_accepted_but_not_answered_is_found_and_adopted(
    make_target: Any, network: Any, settings: Any, fault: str
) -> None:
    settings.CANDY_PUBLISH_TIMEOUT = 0.3
    network.control(scenario=fault, seconds=0.4)
    target = run(make_target("Once only"))
    assert target.state == S.PUBLISHED
    assert network.posts() == 1
    (attempt,) = Attempt.objects.all()
    assert attempt.was_adopted
    assert "post.unknown" in kinds()
    assert ReceiptLine.objects.filter(stage="reconcile").exists()


def test_not_accepted_and_not_answered_is_sent_again_with_the_same_key(
    make_target: Any, network: Any
) -> None:
    network.control(scenario="error_before_accept", rate=1)
    target = make_target("Second try")
    with pytest.raises(OutcomeUnknown):
        publishing.publish(target=target.pk, job_id=target.job_id)
    network.control(scenario="success")
    verdicts = []
    while not verdicts or isinstance(verdicts[-1], StillUnknown):
        verdicts.append(settling.reconcile(target=target.pk, job_id=target.job_id))
    assert isinstance(verdicts[-1], NotLanded)
    assert ReceiptLine.objects.filter(stage="reconcile").count() == settling.LOOKS
    done = run(target)
    assert done.state == S.PUBLISHED
    assert network.posts() == 1
    first, second = Attempt.objects.order_by("number")
    assert (first.state, second.state) == ("not_sent", "succeeded")
    assert first.key == second.key


def test_it_is_not_looked_for_before_the_network_has_settled(
    make_target: Any, network: Any, settings: Any
) -> None:
    settings.CANDY_SETTLE_SCALE = 5
    network.control(scenario="accept_then_drop")
    target = make_target("Patience")
    with pytest.raises(OutcomeUnknown) as doubt:
        publishing.publish(target=target.pk, job_id=target.job_id)
    assert doubt.value.check_after > 10
    verdict = settling.reconcile(target=target.pk, job_id=target.job_id)
    assert isinstance(verdict, StillUnknown)
    assert not ReceiptLine.objects.filter(stage="reconcile").exists()


def test_two_equal_texts_both_go_out_and_are_not_mixed_up(make_target: Any, network: Any) -> None:
    network.control(scenario="accept_then_drop")
    first, second = make_target("Good morning"), make_target("Good morning")
    with pytest.raises(OutcomeUnknown):
        publishing.publish(target=first.pk, job_id=first.job_id)
    with pytest.raises(Defer):  # one after the other
        publishing.publish(target=second.pk, job_id=second.job_id)
    assert again(second).state == S.SCHEDULED
    first = _settle(first)
    second = run(second)
    assert (first.state, second.state) == (S.PUBLISHED, S.PUBLISHED)
    assert first.remote_id != second.remote_id
    assert network.posts() == 2


def _settle(target: Target) -> Target:
    verdict: Any = None
    while not isinstance(verdict, Landed | NotLanded):
        verdict = settling.reconcile(target=target.pk, job_id=target.job_id)
    return again(target)


def test_a_worker_that_died_while_sending_leaves_a_doubt_not_a_second_post(
    make_target: Any, network: Any, monkeypatch: Any
) -> None:
    target = make_target("Killed in the act")
    _die_in(monkeypatch, ledger, "remember", on="remote_id")
    with pytest.raises(Killed):
        publishing.publish(target=target.pk, job_id=target.job_id)
    monkeypatch.undo()
    assert again(target).state == S.PUBLISHING
    assert network.posts() == 1
    # The lease ran out: the orchestrator asks before anything runs.
    Attempt.objects.update(settle_until=timezone.now())
    done = _settle(target)
    assert done.state == S.PUBLISHED
    assert network.posts() == 1


def test_a_worker_that_died_after_the_network_named_the_post_is_not_followed_by_a_second_call(
    make_target: Any, network: Any, monkeypatch: Any
) -> None:
    target = make_target("Named and killed")
    _die_in(monkeypatch, ledger, "done", on="submit")
    with pytest.raises(Killed):
        publishing.publish(target=target.pk, job_id=target.job_id)
    monkeypatch.undo()
    assert isinstance(settling.reconcile(target=target.pk, job_id=target.job_id), NotLanded)
    assert run(target).state == S.PUBLISHED
    assert ReceiptLine.objects.filter(method="POST").count() == 1


def test_a_worker_that_died_before_sending_is_simply_followed(
    make_target: Any, network: Any, monkeypatch: Any
) -> None:
    target = make_target("Killed early")
    _die_in(monkeypatch, ledger, "done", on="upload")
    with pytest.raises(Killed):
        publishing.publish(target=target.pk, job_id=target.job_id)
    monkeypatch.undo()
    assert isinstance(settling.reconcile(target=target.pk, job_id=target.job_id), NotLanded)
    assert run(target).state == S.PUBLISHED
    assert network.posts() == 1


def test_a_stale_worker_cannot_send_or_write(
    make_target: Any, network: Any, monkeypatch: Any
) -> None:
    from apps.orchestrator.errors import LeaseLost

    target = make_target("Two workers")
    begin = ledger.begin

    def overtaken(attempt: Attempt, stage: str, provider: Any) -> None:
        if stage == "submit":
            ledger.take_over(Attempt.objects.get(pk=attempt.pk))
        begin(attempt, stage, provider)

    monkeypatch.setattr(ledger, "begin", overtaken)
    with pytest.raises(LeaseLost):
        publishing.publish(target=target.pk, job_id=target.job_id)
    assert network.posts() == 0


class Killed(BaseException):
    """kill -9, as near as one process comes to it."""


def _die_in(monkeypatch: Any, module: Any, name: str, *, on: str) -> None:
    real = getattr(module, name)

    def die(attempt: Attempt, stage: str, *rest: Any) -> None:
        if stage == on:
            raise Killed
        real(attempt, stage, *rest)

    monkeypatch.setattr(module, name, die)


def test_a_busy_network_is_asked_again_at_its_time(make_target: Any, network: Any) -> None:
    network.control(scenario="rate_limit", seconds=30)
    target = make_target("Later")
    with pytest.raises(Defer) as later:
        publishing.publish(target=target.pk, job_id=target.job_id)
    wait = (later.value.run_at - timezone.now()).total_seconds()
    assert 20 < wait < 40
    assert again(target).state == S.SCHEDULED
    assert Attempt.objects.get().state == "refused"
    network.control(scenario="success")
    assert run(target).state == S.PUBLISHED
    assert network.posts() == 1


def test_a_network_that_cannot_be_reached_is_tried_again_then_given_up(
    make_target: Any, network: Any, monkeypatch: Any, settings: Any
) -> None:
    from apps.knisoci.services import outcomes
    from deploy.local.valkey import free_port

    port = free_port()
    settings.CANDY_OUTBOUND_ALLOW = [f"127.0.0.1:{port}"]
    monkeypatch.setattr(outcomes, "_PAUSES", (0,))
    target = make_target("Nobody home")
    connection = target.channel.connection
    connection.host = f"http://127.0.0.1:{port}/mastodon"
    connection.save()
    done = run(target)
    assert done.state == S.FAILED
    assert Attempt.objects.count() == outcomes.MAX_ATTEMPTS
    assert "reached" in done.error
    assert kinds()[-1] == "post.failed"


def test_lost_access_holds_the_post_and_the_channel_and_says_so(
    make_target: Any, network: Any, actor: Any, channel: Any
) -> None:
    other = make_target("Next week", when=timezone.now() + timedelta(days=7))
    target = make_target("Now")
    network.control(scenario="revoked")
    done = run(target)
    assert (done.state, done.hold_reason) == (S.HELD, "disconnected")
    assert again(other).state == S.HELD
    assert {"post.held", "channel.disconnected", "connection.expired"} <= set(kinds())
    lost = Event.objects.get(kind="connection.expired")
    follow_connection(lost)  # hears of what the engine has seen already, and is quiet
    assert kinds().count("channel.disconnected") == 1
    network.control(scenario="success")
    from apps.integrations.services import connections

    connections.connect(
        actor=actor,
        provider="mastodon",
        values={"host": f"{network.url}/mastodon", "token": "sandbox-maren"},
    )
    assert channels.reconnected(actor=actor, channel=channel) == 2
    assert run(again(target)).state == S.PUBLISHED
    assert again(other).state == S.SCHEDULED
    assert network.posts() == 1


def test_the_emergency_stop_holds_what_is_due_and_resuming_does_not_burst(
    make_target: Any, network: Any, actor: Any
) -> None:
    targets = [make_target(f"Number {n}") for n in range(3)]
    channels.stop_publishing(actor=actor, reason="A crisis")
    for target in targets:
        assert run(target).state == S.HELD
    assert network.posts() == 0
    assert channels.resume_publishing(actor=actor) == 3
    jobs = Job.objects.filter(pk__in=[again(target).job_id for target in targets])
    times = sorted(job.run_at for job in jobs)
    assert [round((at - times[0]).total_seconds()) for at in times] == [0, 60, 120]
    assert run(again(targets[0])).state == S.PUBLISHED


def test_a_stop_between_the_stages_still_counts(
    make_target: Any, network: Any, actor: Any, monkeypatch: Any
) -> None:
    target = make_target("Stop!")
    done = ledger.done

    def stop_after_upload(attempt: Attempt, stage: str, handles: Any) -> None:
        done(attempt, stage, handles)
        if stage == "upload":
            channels.pause(actor=actor, channel=target.channel_id)

    monkeypatch.setattr(ledger, "done", stop_after_upload)
    held = run(target)
    assert (held.state, held.hold_reason) == (S.HELD, "paused")
    assert network.posts() == 0
    monkeypatch.undo()
    channels.resume(actor=actor, channel=target.channel_id)
    assert run(again(target)).state == S.PUBLISHED


@pytest.mark.parametrize(
    ("policy", "minutes", "late", "state"),
    [
        ("publish", 60, 30, S.PUBLISHED),
        ("publish", 60, 90, S.MISSED),
        ("hold", 60, 30, S.HELD),
        ("hold", 60, 2, S.PUBLISHED),
    ],
)
def test_a_late_post_follows_its_policy(
    make_target: Any, network: Any, policy: str, minutes: int, late: int, state: str
) -> None:
    target = make_target("Late")
    Target.objects.filter(pk=target.pk).update(
        due_at=timezone.now() - timedelta(minutes=late),
        late_policy=policy,
        late_minutes=minutes,
    )
    assert run(target).state == state
    assert network.posts() == (1 if state == S.PUBLISHED else 0)


def test_a_job_that_was_replaced_does_nothing(make_target: Any, network: Any, actor: Any) -> None:
    target = make_target("Moved")
    old_job = target.job_id
    posts.reschedule(actor=actor, target=target, when=timezone.now() + timedelta(hours=1))
    output = publishing.publish(target=target.pk, job_id=old_job)
    assert output.state == S.SCHEDULED
    with pytest.raises(Defer):
        publishing.publish(target=target.pk, job_id=again(target).job_id)
    assert network.posts() == 0


def test_a_write_only_network_leaves_the_doubt_to_a_person(
    make_target: Any, network: Any, actor: Any, monkeypatch: Any
) -> None:
    from apps.integrations.providers import get
    from apps.integrations.providers.base import Unreadable

    monkeypatch.setattr(type(get("mastodon")), "reconcile", lambda self, ctx: Unreadable("Closed."))
    network.control(scenario="accept_then_drop")
    target = run(make_target("Did it?"))
    assert target.state == S.UNCONFIRMED
    assert kinds()[-1] == "post.unconfirmed"
    assert publishing.publish(target=target.pk, job_id=target.job_id).state == S.UNCONFIRMED
    assert network.posts() == 1
    settling.confirm(actor=actor, target=target, is_out=True, permalink="https://example.com/1")
    assert again(target).state == S.PUBLISHED


@pytest.fixture
def unconfirmed(make_target: Any, network: Any, monkeypatch: Any) -> Target:
    from apps.integrations.providers import get
    from apps.integrations.providers.base import Unreadable

    with monkeypatch.context() as closed:
        closed.setattr(type(get("mastodon")), "reconcile", lambda self, ctx: Unreadable("Closed."))
        network.control(scenario="accept_then_drop")
        target = run(make_target("Did it?"))
    network.control(scenario="success")
    assert target.state == S.UNCONFIRMED
    return target


def test_an_unconfirmed_post_can_be_looked_for_again(
    unconfirmed: Target, network: Any, actor: Any
) -> None:
    settling.check_again(actor=actor, target=unconfirmed)
    assert again(unconfirmed).state == S.UNKNOWN
    done = run(unconfirmed)
    assert done.state == S.PUBLISHED
    assert Attempt.objects.get().was_adopted
    assert network.posts() == 1


def test_not_found_says_nothing_about_a_post_older_than_what_the_network_shows(
    unconfirmed: Target, network: Any, actor: Any
) -> None:
    reach = content.provider_of(unconfirmed.channel).capabilities.publishing.reconcile_seconds
    Attempt.objects.update(called_at=timezone.now() - timedelta(seconds=reach + 60))
    network.sandbox.store.clear("mastodon")
    settling.check_again(actor=actor, target=unconfirmed)
    done = run(unconfirmed)
    assert done.state == S.UNCONFIRMED
    assert "no longer shows" in done.error
    assert network.posts() == 0


def test_patience_with_a_network_that_cannot_be_read_counts_from_the_call_in_doubt(
    make_target: Any, network: Any, monkeypatch: Any
) -> None:
    def blind(*_: Any) -> None:
        raise ProviderError(ErrorKind.TRANSIENT_SAFE, "No answer.")

    network.control(scenario="accept_then_drop")
    target = make_target("Asked to slow down an hour ago, then lost")
    with pytest.raises(OutcomeUnknown):
        publishing.publish(target=target.pk, job_id=target.job_id)
    monkeypatch.setattr(type(content.provider_of(target.channel)), "reconcile", blind)
    now = timezone.now()
    Attempt.objects.update(sent_at=now - timedelta(hours=1), settle_until=now)
    verdict = settling.reconcile(target=target.pk, job_id=target.job_id)
    assert isinstance(verdict, StillUnknown)
    Attempt.objects.update(called_at=now - timedelta(minutes=5), settle_until=now)
    settling.reconcile(target=target.pk, job_id=target.job_id)
    assert again(target).state == S.UNCONFIRMED


def test_an_unconfirmed_post_that_is_not_there_goes_out_by_a_persons_word(
    unconfirmed: Target, network: Any, actor: Any
) -> None:
    network.sandbox.store.clear("mastodon")
    settling.confirm(actor=actor, target=unconfirmed, is_out=False)
    assert run(unconfirmed).state == S.PUBLISHED
    with pytest.raises(InFlight):
        settling.confirm(actor=actor, target=unconfirmed, is_out=True)


def test_a_link_from_outside_is_never_a_script(
    unconfirmed: Target, network: Any, actor: Any
) -> None:
    settling.confirm(actor=actor, target=unconfirmed, is_out=True, permalink="javascript:alert(1)")
    assert again(unconfirmed).permalink == ""


def test_a_token_that_runs_out_is_renewed_ahead_and_stands_on_the_receipt(
    make_target: Any, network: Any, monkeypatch: Any
) -> None:
    from apps.integrations.providers import get
    from apps.integrations.providers.base import Connected

    def refresh(self: Any, credentials: Any, client: Any, **_: Any) -> Connected:
        client.get(f"{network.url}/mastodon/api/v2/instance")
        return Connected(None, {**credentials, "token": "sandbox-maren:read write"})  # type: ignore[arg-type]

    monkeypatch.setattr(type(get("mastodon")), "refresh", refresh)
    target = make_target("Renewed")
    connection = target.channel.connection
    connection.expires_at = timezone.now() + timedelta(seconds=30)
    connection.save()
    assert run(target).state == S.PUBLISHED
    assert ReceiptLine.objects.filter(stage="connect", method="GET").count() == 1


def test_a_network_that_works_for_ever_is_not_waited_for_for_ever(
    make_target: Any, network: Any, monkeypatch: Any
) -> None:
    from apps.integrations.providers import get
    from apps.integrations.providers.base import Wait

    monkeypatch.setattr(type(get("mastodon")), "run_stage", lambda self, stage, ctx: Wait(5))
    target = make_target("Still processing")
    with pytest.raises(Defer):
        publishing.publish(target=target.pk, job_id=target.job_id)
    Attempt.objects.update(created_at=timezone.now() - timedelta(hours=2))
    assert run(target).state == S.FAILED


def test_a_job_that_was_given_up_leaves_nothing_in_flight(
    make_target: Any, network: Any, monkeypatch: Any
) -> None:
    from apps.knisoci.events import mind_lost_jobs

    waiting, sending, named = (make_target(text) for text in ("Waiting", "Sending", "Named"))
    for target, name, on in ((sending, "remember", "remote_id"), (named, "done", "submit")):
        _die_in(monkeypatch, ledger, name, on=on)
        with pytest.raises(Killed):
            publishing.publish(target=target.pk, job_id=target.job_id)
        monkeypatch.undo()
    for target in (waiting, sending, named):
        mind_lost_jobs(Event(kind="job.dead", subject_kind="job", subject_id=str(target.job_id)))
    assert again(waiting).state == S.FAILED
    assert again(sending).state == S.UNCONFIRMED
    assert again(named).state == S.PUBLISHED


def test_content_that_the_network_refuses_fails_with_its_words(
    make_target: Any, network: Any
) -> None:
    target = make_target("x")
    target.variant.text = ""
    target.variant.save()
    done = run(target)
    assert done.state == S.FAILED
    assert done.error
    assert network.posts() == 0


def test_without_the_ledgers_look_the_same_fault_doubles(
    make_target: Any, network: Any, monkeypatch: Any
) -> None:
    """The negative control: it is the waiting and looking that keeps a post single."""
    import uuid

    from apps.integrations.providers import get
    from apps.integrations.providers.base import NotFound, PublishContext

    real = PublishContext.__init__

    def without_key(self: Any, *args: Any, **kwargs: Any) -> None:
        real(self, *args, **{**kwargs, "key": str(uuid.uuid4())})

    monkeypatch.setattr(PublishContext, "__init__", without_key)
    monkeypatch.setattr(type(get("mastodon")), "reconcile", lambda self, ctx: NotFound())
    network.control(scenario="accept_then_drop")
    target = make_target("Twice")
    with pytest.raises(OutcomeUnknown):
        publishing.publish(target=target.pk, job_id=target.job_id)
    network.control(scenario="success")
    _settle(target)
    assert run(target).state == S.PUBLISHED
    assert network.posts() == 2


def test_a_mixed_bag_of_faults_neither_loses_nor_doubles(
    make_target: Any, network: Any, settings: Any
) -> None:
    settings.CANDY_PUBLISH_TIMEOUT = 0.3
    network.control(scenario="mixed", rate=0.6, seed=3, seconds=0.4)
    targets = [make_target(f"Post number {n}") for n in range(25)]
    states = [run(target, seconds=30).state for target in targets]
    assert set(states) == {S.PUBLISHED}
    state = network.state()
    assert sum(state["posts"].values()) == 25
    assert not state["duplicates"]
    assert sum(state["faults"].values()) > 5
