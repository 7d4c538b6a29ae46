"""Events reach subscribers in order, and live screens without gaps, and nobody who may not see them."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from channels.testing import WebsocketCommunicator
from django.conf import settings
from django.db import connection, connections, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from apps.orchestrator import Retryable, services, subscriber, subscribers
from apps.orchestrator.engine import delivery
from apps.orchestrator.models import Event, FailedDelivery, SubscriberCursor
from apps.workspaces.models import DueWork, Membership
from apps.workspaces.tenancy import workspace_context
from config.asgi import application

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def heard() -> Any:
    """A subscriber that keeps what it hears; ``heard.fail`` is called before each."""

    class Heard(list[Any]):
        fail: Any = None

    kept = Heard()

    @subscriber("probe", kinds=("probe.*",))
    def handle(event: Event) -> None:
        if kept.fail is not None:
            kept.fail(event)
        kept.append(event.sequence)

    yield kept
    subscribers.forget("probe")


def test_subscribers_hear_in_order_what_they_asked_for(system: Any, drive: Any, heard: Any) -> None:
    for number in range(5):
        services.emit(actor=system, kind="probe.one", data={"n": number})
        services.emit(actor=system, kind="other.one")
    drive()
    assert heard == [1, 3, 5, 7, 9]
    assert SubscriberCursor.objects.get(name="probe").sequence == 10
    assert not DueWork.objects.filter(kind="events").exists()


def test_sequences_have_no_gaps_however_many_write_and_give_up(
    workspace: Any, system: Any, drive: Any, heard: Any
) -> None:
    def write(number: int) -> None:
        try:
            with workspace_context(workspace):
                for turn in range(20):
                    try:
                        with transaction.atomic():
                            services.emit(actor=system, kind="probe.one")
                            if (turn + number) % 3 == 0:
                                raise ZeroDivisionError
                    except ZeroDivisionError:
                        pass
        finally:
            connections.close_all()

    threads = [threading.Thread(target=write, args=[n]) for n in range(4)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    count = Event.objects.count()
    assert list(Event.objects.values_list("sequence", flat=True)) == list(range(1, count + 1))
    drive()
    assert heard == list(range(1, count + 1))


def test_one_that_fails_holds_up_itself_only_and_goes_on(
    system: Any, drive: Any, heard: Any, monkeypatch: Any
) -> None:
    monkeypatch.setattr(delivery, "RETRY_BASE_SECONDS", 0.01)
    also: list[int] = []
    subscriber("probe2", kinds=("probe.*",))(lambda event: also.append(event.sequence))
    failures = iter([True, True])

    def fail(event: Event) -> None:
        if event.sequence == 2 and next(failures, False):
            raise Retryable("not now")

    heard.fail = fail
    try:
        for _ in range(3):
            services.emit(actor=system, kind="probe.one")
        drive(until=lambda: len(heard) == 3)
    finally:
        subscribers.forget("probe2")
    assert heard == [1, 2, 3]
    assert also == [1, 2, 3]


def test_those_that_stand_at_the_same_event_read_it_once(
    system: Any, drive: Any, heard: Any
) -> None:
    services.emit(actor=system, kind="probe.one")
    drive()
    also: list[int] = []
    late: list[int] = []
    subscriber("probe2", kinds=("probe.*",))(lambda event: also.append(event.sequence))
    subscriber("probe3", kinds=("probe.*",))(lambda event: late.append(event.sequence))
    SubscriberCursor.objects.create(name="probe2", sequence=1)
    try:
        services.emit(actor=system, kind="probe.one")
        with CaptureQueriesContext(connection) as asked:
            drive()
    finally:
        subscribers.forget("probe2")
        subscribers.forget("probe3")
    assert (heard, also, late) == ([1, 2], [2], [1, 2])
    read = [one["sql"] for one in asked if 'FROM "orchestrator_event"' in one["sql"]]
    assert len(read) == 2  # one for all that were at the first event, one for the new one


def test_a_long_way_behind_is_caught_up_in_steps(
    system: Any, drive: Any, heard: Any, monkeypatch: Any
) -> None:
    monkeypatch.setattr(delivery, "BATCH", 2)
    monkeypatch.setattr(delivery, "RETRY_BASE_SECONDS", 0.01)
    failures = iter([True])

    def fail(event: Event) -> None:
        if event.sequence == 3 and next(failures, False):
            raise Retryable("not now")

    heard.fail = fail
    for _ in range(7):
        services.emit(actor=system, kind="probe.one")
    drive(until=lambda: len(heard) == 7)
    assert heard == [1, 2, 3, 4, 5, 6, 7]
    assert set(SubscriberCursor.objects.values_list("sequence", flat=True)) == {7}


def test_an_event_nobody_can_take_is_set_aside_and_kept(
    system: Any, drive: Any, heard: Any, monkeypatch: Any
) -> None:
    monkeypatch.setattr(delivery, "RETRY_BASE_SECONDS", 0.001)

    def fail(event: Event) -> None:
        if event.sequence == 1:
            raise RuntimeError("poison")

    heard.fail = fail
    services.emit(actor=system, kind="probe.bad")
    services.emit(actor=system, kind="probe.good")
    drive(until=lambda: heard == [2])
    failed = FailedDelivery.objects.get()
    assert (failed.subscriber, failed.sequence) == ("probe", 1)
    assert "poison" in failed.error


def test_what_a_failing_handler_wrote_is_undone(
    system: Any, drive: Any, heard: Any, monkeypatch: Any
) -> None:
    monkeypatch.setattr(delivery, "RETRY_BASE_SECONDS", 0.01)
    tries = []

    def fail(event: Event) -> None:
        tries.append(1)
        services.enqueue(actor=system, action="probe.noop")
        if len(tries) == 1:
            raise RuntimeError("after the write")

    heard.fail = fail
    services.emit(actor=system, kind="probe.one")
    drive(until=lambda: len(heard) == 1)
    from apps.orchestrator.models import Job

    assert Job.objects.count() == 1


# --- the socket -----------------------------------------------------------------------------------


def socket_of(user: Any, slug: str, query: str = "after=0", origin: str = "testserver") -> Any:
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    cookie = client.cookies[settings.SESSION_COOKIE_NAME].value
    headers = [
        (b"cookie", f"{settings.SESSION_COOKIE_NAME}={cookie}".encode()),
        (b"host", b"testserver"),
        (b"origin", f"http://{origin}".encode()),
    ]
    communicator = WebsocketCommunicator(application, f"/ws/w/{slug}/events?{query}", headers)
    communicator.client = client
    return communicator


async def test_the_socket_catches_up_and_goes_on(workspace: Any, system: Any, viewer: Any) -> None:
    emit = sync_to_async(services.emit)
    for _ in range(3):
        await emit(actor=system, kind="probe.one", summary="hello")
    socket = await sync_to_async(socket_of)(viewer, "acme", "after=1")
    assert (await socket.connect())[0]
    assert [(await socket.receive_json_from())["sequence"] for _ in range(2)] == [2, 3]
    await emit(actor=system, kind="probe.two", subject=("post", "7"), data={"a": 1})
    line = await socket.receive_json_from(2)
    assert (line["sequence"], line["kind"], line["subject"]) == (4, "probe.two", ["post", "7"])
    await socket.disconnect()


async def test_a_lost_nudge_is_healed(workspace: Any, system: Any, viewer: Any) -> None:
    socket = await sync_to_async(socket_of)(viewer, "acme")
    assert (await socket.connect())[0]
    await asyncio.sleep(0.2)

    def write_silently() -> None:
        with workspace_context(workspace):
            Event.objects.create(sequence=1, kind="probe.silent")

    await sync_to_async(write_silently)()
    assert (await socket.receive_json_from(5))["kind"] == "probe.silent"
    await socket.disconnect()


async def test_only_what_the_person_may_see_is_sent(
    workspace: Any, system: Any, viewer: Any
) -> None:
    emit = sync_to_async(services.emit)
    await emit(actor=system, kind="probe.secret", permission="members.manage")
    await emit(actor=system, kind="probe.open")
    socket = await sync_to_async(socket_of)(viewer, "acme")
    assert (await socket.connect())[0]
    assert (await socket.receive_json_from(2))["kind"] == "probe.open"
    await socket.disconnect()


@pytest.mark.parametrize("how", ["membership", "logout", "suspended"])
async def test_who_may_be_here_no_more_is_closed_within_five_seconds(
    workspace: Any, system: Any, viewer: Any, how: str
) -> None:
    socket = await sync_to_async(socket_of)(viewer, "acme")
    assert (await socket.connect())[0]

    def lose() -> None:
        if how == "membership":
            Membership.objects.filter(user=viewer).delete()
        elif how == "logout":
            socket.client.logout()
        else:
            type(workspace).objects.filter(pk=workspace.pk).update(state="suspended")

    await asyncio.sleep(0.3)  # the first reading is done
    await sync_to_async(lose)()
    message = await socket.receive_output(5)
    assert (message["type"], message["code"]) == ("websocket.close", 4403)


@pytest.mark.parametrize("who", ["outsider", "other_owner"])
async def test_strangers_are_not_let_in(
    workspace: Any, outsider: Any, other_owner: Any, who: str
) -> None:
    user = {"outsider": outsider, "other_owner": other_owner}[who]
    socket = await sync_to_async(socket_of)(user, "acme")
    assert not (await socket.connect())[0]


async def test_another_sites_page_is_not_let_in(workspace: Any, owner: Any) -> None:
    socket = await sync_to_async(socket_of)(owner, "acme", origin="evil.example")
    assert not (await socket.connect())[0]


@pytest.mark.parametrize("sent", [["x" * 2000], ["ping"] * 30])
async def test_who_sends_too_much_is_closed(workspace: Any, viewer: Any, sent: list[str]) -> None:
    socket = await sync_to_async(socket_of)(viewer, "acme")
    assert (await socket.connect())[0]
    for text in sent:
        await socket.send_to(text_data=text)
    message = await socket.receive_output(3)
    assert (message["type"], message["code"]) == ("websocket.close", 4429)


def test_events_stay_in_their_workspace(
    system: Any, workspace: Any, other_workspace: Any, drive: Any, heard: Any
) -> None:
    services.emit(actor=system, kind="probe.one")
    with workspace_context(other_workspace):
        assert not Event.objects.exists()
        with connection.cursor() as cursor:
            cursor.execute("SELECT current_schema()")
            assert cursor.fetchone()[0] == other_workspace.schema_name
