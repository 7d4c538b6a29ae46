"""Both kinds of keys rotate while everything runs, and the master key may live at KMS."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import boto3
import pytest
from django.core.management import CommandError, call_command
from django.db import connection as database
from django.db import transaction
from moto.server import ThreadedMotoServer

from apps.agents.models import ModelKey
from apps.agents.services import model_keys
from apps.integrations import masters, providers, vault
from apps.integrations.errors import VaultBusy, VaultError
from apps.integrations.models import Connection, DataKey, Secret
from apps.integrations.providers.base import Account, Connected
from apps.integrations.services import apps, connections, credentials
from apps.orchestrator import services as orchestrator
from apps.workspaces.tenancy import workspace_context
from apps.workspaces.types import Actor

CANARY = "canary-rotation-4be2"


@pytest.fixture(autouse=True)
def _nothing_open() -> Iterator[None]:
    vault._open.clear()
    yield
    vault._open.clear()
    masters._kms.cache_clear()


def keep(workspace: Any, number: int = 1) -> Connection:
    account = Account(str(number), f"@a{number}", "A", host="https://one.example")
    return connections.store(
        actor=Actor.system(workspace),
        provider="mastodon",
        connected=Connected(account, {"token": f"{CANARY}-{number}"}),
    )


def test_the_action_seals_everything_anew_and_forgets_the_old_key(in_workspace: Any) -> None:
    actor = Actor.system(in_workspace)
    rows = [keep(in_workspace, number) for number in range(5)]
    apps.save(actor=actor, provider="threads", values={"client_id": "own", "client_secret": CANARY})
    key = model_keys.add(actor=actor, provider="openai", model="gpt-5-mini", api_key=f"sk-{CANARY}")
    done = orchestrator.run(action="integrations.rotate_vault", actor=actor, input={})
    assert (done.sealed, done.retired) == (7, 1)
    assert DataKey.objects.get().version == 2
    assert [credentials.read(row)["token"] for row in rows] == [
        f"{CANARY}-{number}" for number in range(5)
    ]
    assert apps.app_for(providers.get("threads"), sandbox=False).client_secret == CANARY
    assert model_keys.unseal(ModelKey.objects.get(pk=key.pk)) == f"sk-{CANARY}"


def test_what_is_sealed_meanwhile_is_not_lost(in_workspace: Any) -> None:
    rows = [keep(in_workspace, number) for number in range(4)]
    vault.new_data_key()
    steps = vault.reseal()
    assert next(steps) == 3
    credentials.write(rows[3], {"token": "refreshed meanwhile"})
    assert list(steps) == [2, 1, 0]
    assert credentials.read(rows[3]) == {"token": "refreshed meanwhile"}
    assert list(vault.reseal()) == []
    assert vault.retire() == 1


@pytest.mark.django_db(transaction=True)
def test_writers_and_readers_go_on_during_a_rotation(workspace: Any) -> None:
    """Four threads refresh and read while the key rotates five times: nothing is lost or unreadable."""
    with workspace_context(workspace):
        rows = [keep(workspace, number) for number in range(4)]
    stop = threading.Event()
    failures: list[Exception] = []
    last: dict[int, int] = {}

    def work(number: int) -> None:
        count = 0
        try:
            with workspace_context(workspace):
                while not stop.is_set():
                    count += 1
                    credentials.write(rows[number], {"token": str(count)})
                    assert credentials.read(rows[number])["token"] == str(count)
        except Exception as error:
            failures.append(error)
        last[number] = count
        database.close()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    with workspace_context(workspace):
        for _ in range(5):
            vault.rotate_data_key()
    stop.set()
    for thread in threads:
        thread.join(20)
    assert failures == []
    with workspace_context(workspace):
        for number, row in enumerate(rows):
            assert credentials.read(row)["token"] == str(last[number])


def test_the_command_moves_every_workspace_to_the_new_master_key(
    workspace: Any, other_workspace: Any, settings: Any
) -> None:
    for place in (workspace, other_workspace):
        with workspace_context(place):
            keep(place)
    old, new = settings.CANDY_MASTER_KEY, "b2" * 32
    settings.CANDY_MASTER_KEY = f"{new} {old}"
    with pytest.raises(CommandError):
        call_command("rotate_master_key", "--check", stdout=StringIO())
    out = StringIO()
    call_command("rotate_master_key", stdout=out)
    assert out.getvalue().startswith("2 data keys")
    call_command("rotate_master_key", "--check", stdout=StringIO())
    settings.CANDY_MASTER_KEY = new
    vault._open.clear()
    for place in (workspace, other_workspace):
        with workspace_context(place):
            assert credentials.read(Connection.objects.get())["token"] == f"{CANARY}-1"


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    moto = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    moto.start()
    host, port = moto.get_host_and_port()
    yield f"http://{host}:{port}"
    moto.stop()


class TestKms:
    """A key service over HTTP, as AWS speaks it."""

    @pytest.fixture
    def kms(self, server: str, settings: Any, monkeypatch: pytest.MonkeyPatch) -> str:
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
        client = boto3.client("kms", endpoint_url=server, region_name="eu-north-1")
        settings.CANDY_KMS_KEY = client.create_key()["KeyMetadata"]["KeyId"]
        settings.CANDY_KMS_REGION, settings.CANDY_KMS_ENDPOINT = "eu-north-1", server
        settings.CANDY_MASTER_KEY = ""
        settings.CANDY_MASTER_KEY_FILE = "/nowhere"
        return str(settings.CANDY_KMS_KEY)

    def test_it_wraps_and_opens_for_this_workspace_only(
        self, kms: str, workspace: Any, other_workspace: Any
    ) -> None:
        with workspace_context(workspace):
            kept = keep(workspace)
            key = DataKey.objects.get()
            assert key.master_id.startswith("kms-")
            vault._open.clear()
            assert credentials.read(kept)["token"] == f"{CANARY}-1"
            sealed = bytes(Secret.objects.get().sealed)
        with workspace_context(other_workspace):
            DataKey.objects.create(
                id=key.id, version=key.version, master_id=key.master_id, wrapped=bytes(key.wrapped)
            )
            with pytest.raises(VaultError):
                vault.unseal(connection_id=kept.pk, field="credentials", sealed=sealed)

    def test_an_open_key_is_not_asked_for_again(self, kms: str, in_workspace: Any) -> None:
        kept = keep(in_workspace)
        vault._open.clear()
        asked: list[str] = []
        master = masters.masters()[0]
        real = master._ask  # type: ignore[attr-defined]
        master._ask = lambda verb, **what: asked.append(verb) or real(verb, **what)  # type: ignore[attr-defined]
        for _ in range(5):
            credentials.read(kept)
        assert asked == ["decrypt"]

    def test_local_keys_move_to_kms(
        self, settings: Any, workspace: Any, server: str, request: Any
    ) -> None:
        local = settings.CANDY_MASTER_KEY
        with workspace_context(workspace):
            kept = keep(workspace)
        request.getfixturevalue("kms")
        settings.CANDY_MASTER_KEY = local  # still there while keys move
        call_command("rotate_master_key", stdout=StringIO())
        settings.CANDY_MASTER_KEY = ""
        vault._open.clear()
        with workspace_context(workspace):
            assert credentials.read(kept)["token"] == f"{CANARY}-1"

    def test_a_service_that_is_away_is_a_pause_and_no_loss(
        self, kms: str, in_workspace: Any, settings: Any
    ) -> None:
        kept = keep(in_workspace)
        there = settings.CANDY_KMS_ENDPOINT
        vault._open.clear()
        settings.CANDY_KMS_ENDPOINT = "http://127.0.0.1:1"
        with pytest.raises(VaultBusy) as caught:
            credentials.read(kept)
        assert caught.value.retryable
        settings.CANDY_KMS_ENDPOINT = there
        assert credentials.read(kept)["token"] == f"{CANARY}-1"


def test_whoever_seals_lets_it_follow_a_rotation() -> None:
    """A column that the rotation does not know would be unreadable once its key is deleted."""
    for path in Path("apps").rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        if "vault.seal(" in text and "integrations" not in path.parts:
            assert "vault.register(" in text, path


@pytest.mark.django_db(transaction=True)
def test_both_keys_rotate_under_readers_and_writers(workspace: Any, settings: Any) -> None:
    """Master key and data key in turn, old ones forgotten, while four threads read and write.

    A setting changes by a restart, so nobody is in the middle of something when it does.
    """
    with workspace_context(workspace):
        rows = [keep(workspace, number) for number in range(4)]
    stop = threading.Event()
    busy = [threading.Lock() for _ in rows]
    failures: list[Exception] = []
    counts = [0] * len(rows)

    def work(number: int) -> None:
        try:
            with workspace_context(workspace):
                while not stop.is_set():
                    with busy[number]:
                        assert credentials.read(rows[number - 1])
                        counts[number] += 1
                        credentials.write(rows[number], {"token": str(counts[number])})
                        assert credentials.read(rows[number])["token"] == str(counts[number])
        except Exception as error:
            failures.append(error)
        database.close()

    def restart_with(*keys: str) -> None:
        for lock in busy:
            lock.acquire()
        settings.CANDY_MASTER_KEY = " ".join(keys)
        vault._open.clear()
        for lock in busy:
            lock.release()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(len(rows))]
    for thread in threads:
        thread.start()
    old = settings.CANDY_MASTER_KEY
    try:
        with workspace_context(workspace):
            for number in range(3):
                new = f"{number + 1:02x}" * 32
                restart_with(new, old)
                assert vault.rotate_master() >= 1
                restart_with(new)
                actor = Actor.system(workspace)
                orchestrator.run(action="integrations.rotate_vault", actor=actor, input={})
                old = new
    finally:
        stop.set()
        for thread in threads:
            thread.join(30)
    assert failures == []
    assert min(counts) > 3  # they did work meanwhile
    with workspace_context(workspace):
        for number, row in enumerate(rows):
            assert credentials.read(row)["token"] == str(counts[number])
        newest = DataKey.objects.latest("version")
        assert newest.version == 4
        assert newest.master_id == masters.masters()[0].id


@pytest.mark.django_db(transaction=True)
def test_what_is_sealed_and_not_yet_committed_keeps_its_key(workspace: Any) -> None:
    """A consent stores an account while the key rotates: the old key is not forgotten under it."""
    with workspace_context(workspace):
        keep(workspace)  # there is a first key
    sealed, go_on = threading.Event(), threading.Event()

    def consent() -> None:
        with workspace_context(workspace), transaction.atomic():
            keep(workspace, 2)
            sealed.set()
            go_on.wait(10)
        database.close()

    def rotate() -> None:
        with workspace_context(workspace):
            vault.new_data_key()
            list(vault.reseal())
            vault.retire()
        database.close()

    storing = threading.Thread(target=consent)
    storing.start()
    assert sealed.wait(10)
    rotating = threading.Thread(target=rotate)
    rotating.start()
    rotating.join(1)
    assert rotating.is_alive()  # it waits for the consent
    go_on.set()
    storing.join(10)
    rotating.join(20)
    with workspace_context(workspace):
        for row in Connection.objects.all():
            assert credentials.read(row)["token"].startswith(CANARY)


def test_a_value_that_was_sealed_anew_while_it_was_read_is_read_again(
    in_workspace: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = keep(in_workspace)
    taken = bytes(Secret.objects.get().sealed)
    real, asked = vault.unseal, []

    def open_late(**given: Any) -> str:
        """The first reader took the row before the rotation, and opens it after."""
        asked.append(given["sealed"])
        return real(**given | ({"sealed": taken} if len(asked) == 1 else {}))

    vault.rotate_data_key()
    vault.retire()
    with pytest.raises(VaultError):
        vault.unseal(connection_id=row.pk, field=credentials.CREDENTIALS, sealed=taken)
    monkeypatch.setattr(vault, "unseal", open_late)
    assert credentials.read(row)["token"] == f"{CANARY}-1"
    assert len(asked) == 2
