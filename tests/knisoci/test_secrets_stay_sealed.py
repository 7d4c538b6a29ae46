"""Tokens of connected accounts, looked for everywhere that anything is kept or sent."""

from __future__ import annotations

import base64
import contextlib
import logging
import subprocess
import threading
import zipfile
from collections.abc import Callable, Iterator
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import redis
import sentry_sdk
from django.db import DatabaseError, transaction
from django.db import connection as database
from django.utils import timezone
from sentry_sdk.transport import Transport
from structlog.stdlib import ProcessorFormatter

from apps.integrations.errors import ConnectionLost
from apps.integrations.models import Connection, Secret
from apps.integrations.providers.base import ProviderError
from apps.integrations.services import apps, connections, credentials, refreshing, sandbox
from apps.knisoci.models import Channel, ReceiptLine, Target
from apps.knisoci.services import channels, posts
from apps.orchestrator.models import Event
from apps.workspaces.services import exporting
from apps.workspaces.tenancy import provision, workspace_context
from apps.workspaces.types import Actor
from config import observability
from deploy.local.paths import var_dir
from tests.api.conftest import Api, make_key
from tests.support.networks import Networks

from .conftest import run

pytestmark = pytest.mark.django_db(transaction=True)

LOGIN = "maren7f3a91"  # in clear: a search that does not find this one finds nothing
APP_SECRET = "canary-app-secret-7f3a91"
TYPED = "canary-typed-token-7f3a91"
NETWORKS = ("mastodon", "bluesky", "x", "linkedin", "threads")


@pytest.fixture
def monitor(settings: Any) -> Iterator[list[bytes]]:
    """Every command that Valkey gets, live messages and job calls too."""
    seen: list[bytes] = []
    client = redis.Redis.from_url(settings.REDIS_URL)
    ready, stop = threading.Event(), threading.Event()

    def listen() -> None:
        with client.monitor() as tap:
            ready.set()
            while not stop.is_set():
                seen.append(str(tap.next_command()["command"]).encode())

    thread = threading.Thread(target=listen, daemon=True)
    thread.start()
    assert ready.wait(5)
    yield seen
    stop.set()
    client.ping()
    thread.join(5)


@pytest.fixture
def log() -> Iterator[StringIO]:
    """All lines at DEBUG, as our own formatter writes them."""
    out, root = StringIO(), logging.getLogger()
    handler = logging.StreamHandler(out)
    config = observability.logging_config(json=True, level="DEBUG")
    handler.setFormatter(ProcessorFormatter(**_formatter_of(config)))
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield out
    root.removeHandler(handler)
    root.setLevel(level)


def _formatter_of(config: dict[str, Any]) -> dict[str, Any]:
    (found,) = config["formatters"].values()
    return {name: value for name, value in found.items() if name != "()"}


def test_no_token_is_found_anywhere(
    network: Networks,
    workspace: Any,
    admin: Any,
    client_for: Any,
    monitor: list[bytes],
    log: StringIO,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    settings: Any,
) -> None:
    """Connect, publish, refresh, fail in every way; then look through all that is left."""
    secrets = {APP_SECRET, TYPED}
    pages: list[bytes] = []
    for key in NETWORKS:
        network.control(key, scenario="success", reset=True)
    with workspace_context(workspace):
        actor = Actor.system(workspace)
        apps.save(
            actor=actor,
            provider="threads",
            values={"client_id": "shown", "client_secret": APP_SECRET},
        )
        for key in NETWORKS:
            secrets |= _live_through(network, actor, key)
        with pytest.raises(ProviderError):  # a token that nobody knows, and its error
            connections.connect(
                actor=actor,
                provider="mastodon",
                values={"host": f"{network.url}/mastodon", "token": TYPED},
            )
        reports = _error_report(monkeypatch)
        archive = tmp_path / "workspace.zip"
        exporting.export(workspace=workspace, path=archive)
        assert Target.objects.filter(state="published").count() == len(NETWORKS)
        assert ReceiptLine.objects.count() > len(NETWORKS)
        assert Event.objects.filter(kind="connection.expired").count() == len(NETWORKS)
        targets = [str(key) for key in Target.objects.values_list("pk", flat=True)]
        accounts = [str(key) for key in Connection.objects.values_list("pk", flat=True)]
        homes = [str(key) for key in Channel.objects.values_list("pk", flat=True)]
    client, api = client_for(admin), Api(workspace, make_key(admin, workspace)[0])
    pages += _seen(
        client.get,
        *(
            f"/w/{workspace.slug}/{path}"
            for path in ("channels/", "settings/apps/threads/", "activity", "posts/", "jobs/")
        ),
        *(f"/w/{workspace.slug}/publications/{key}/" for key in targets),
        *(f"/w/{workspace.slug}/channels/{key}/" for key in homes),
    )
    answers = _seen(
        api.get,
        *("social/networks", "social/connections", "events", "jobs"),
        *(f"social/connections/{key}" for key in accounts),
        *(f"targets/{key}/receipt" for key in targets),
    )
    assert len(secrets) > 3 * len(NETWORKS)
    places = {
        "log": [log.getvalue().encode()],
        "error reports": reports,
        "Valkey, live": monitor,
        "Valkey, stored": _stored(settings.REDIS_URL),
        "pages": pages,
        "REST": answers,
        "pg_dump": [_dump()],
        "export": [_unzipped(archive)],
        "database files": _database_files(),
    }
    assert "A crash with credentials in hand" in log.getvalue()
    for place in ("pages", "REST", "pg_dump", "export", "database files"):
        assert any(LOGIN.encode() in blob for blob in places[place]), f"nothing was read: {place}"
    found = [
        place
        for place, blobs in places.items()
        for blob in blobs
        for needle in _spellings(secrets)
        if needle in blob
    ]
    assert found == []


def _seen(get: Callable[[str], Any], *paths: str) -> list[bytes]:
    found = {path: get(path) for path in paths}
    assert {path: one.status_code for path, one in found.items() if one.status_code != 200} == {}
    return [one.content for one in found.values()]


def _live_through(network: Networks, actor: Actor, key: str) -> set[str]:
    """Connect, publish, renew, lose the answer, expire, be withdrawn; returns all secrets seen."""
    kept = sandbox.connect(actor=actor, provider=key, login=LOGIN)
    seen = _secrets_of(kept)
    channel = channels.add(actor=actor, connection=kept)
    post = posts.create(
        actor=actor, title=key, variants=[{"channel": channel, "text": f"Hello {key}"}]
    )
    network.control(key, scenario="error_after_accept", nth=1)
    posts.schedule(actor=actor, post=post, when="now")
    target = Target.objects.select_related("channel__connection", "post", "variant").get(post=post)
    run(target, seconds=30)
    network.control(key, scenario="success")
    if kept.expires_at is not None:
        soon = timezone.now() + timedelta(seconds=30)
        Connection.objects.filter(pk=kept.pk).update(
            expires_at=soon, renewed_at=soon - timedelta(hours=2)
        )
        kept.refresh_from_db()
        refreshing.renew_ahead(connection=kept)
        seen |= _secrets_of(kept)
    for scenario in ("down", "revoked"):
        network.control(key, scenario=scenario)
        connections.check(actor=actor, connection_id=kept.pk)
    with pytest.raises(ConnectionLost):
        connections.session(Connection.objects.get(pk=kept.pk))
    network.control(key, scenario="success")
    return seen


def _secrets_of(kept: Connection) -> set[str]:
    """Values that open something; short ones and addresses are no secrets."""
    held = credentials.read(kept)
    return {
        value
        for name, value in held.items()
        if len(value) >= 16 and not value.startswith(("http", "did:", "urn:")) and value != LOGIN
    }


def _spellings(secrets: set[str]) -> list[bytes]:
    found = set()
    for secret in secrets:
        raw = secret.encode()
        found |= {raw, raw.hex().encode(), base64.b64encode(raw).rstrip(b"=")}
    return sorted(found)


def _dump() -> bytes:
    arguments, environment = provision._pg_dump_connection()
    command = [provision.pg_dump_binary(), *arguments]
    return subprocess.run(command, env=environment, capture_output=True, check=True).stdout


def _unzipped(archive: Path) -> bytes:
    with zipfile.ZipFile(archive) as bundle:
        return b"\n".join(bundle.read(name) for name in bundle.namelist())


def _stored(url: str) -> list[bytes]:
    client = redis.Redis.from_url(url)
    found = []
    for key in client.scan_iter("*", count=1000):
        kind = client.type(key)
        if kind == b"string":
            found.append(client.get(key) or b"")
        elif kind == b"hash":
            found.append(repr(client.hgetall(key)).encode())
        else:
            found.append(client.dump(key) or b"")
    return found


def _database_files() -> list[bytes]:
    """The files of this database and the write-ahead log, where the server is on this machine."""
    # The local cluster has its socket in its folder, or beside it where the path is too long.
    places = [Path(str(database.settings_dict["HOST"])), var_dir() / "test-postgres"]
    folder = next((one for one in places if (one / "PG_VERSION").is_file()), Path())
    with database.cursor() as cursor:
        # Only some roles may ask for it; without, the write-ahead log holds every row all the same.
        with contextlib.suppress(DatabaseError), transaction.atomic():
            cursor.execute("CHECKPOINT")
        if not (folder / "PG_VERSION").is_file():
            cursor.execute("SHOW data_directory")
            folder = Path(cursor.fetchone()[0])
        cursor.execute("SELECT oid FROM pg_database WHERE datname = current_database()")
        oid = cursor.fetchone()[0]
        cursor.execute("SELECT pg_walfile_name(pg_current_wal_lsn())")
    if not folder.exists():
        pytest.skip("The database server's files are on another machine.")
    paths = [*(folder / "base" / str(oid)).iterdir(), *(folder / "pg_wal").iterdir()]
    return [path.read_bytes() for path in paths if path.is_file()]


def _error_report(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """What Sentry would be sent of a crash with credentials in hand, by our own settings of it."""
    kept = Connection.objects.exclude(state=Connection.State.DISCONNECTED).first()
    assert kept is not None
    options: dict[str, Any] = {}
    monkeypatch.setattr(sentry_sdk, "init", lambda **given: options.update(given))
    observability.start_sentry(
        dsn="http://public@127.0.0.1/1", environment="test", release="1", traces_sample_rate=0
    )
    sent: list[bytes] = []

    class Mailbox(Transport):
        def capture_envelope(self, envelope: Any) -> None:
            sent.append(envelope.serialize())

    client = sentry_sdk.Client(**{**options, "transport": Mailbox})
    try:
        held = credentials.read(kept)
        raise RuntimeError(f"It broke with token={held.get('access') or next(iter(held.values()))}")
    except RuntimeError as error:
        logging.getLogger("candy.test").exception("A crash with credentials in hand")
        with sentry_sdk.new_scope() as scope:
            scope.set_client(client)
            scope.capture_exception(error)
    assert sent
    return sent


def test_the_rows_are_sealed_at_all(network: Networks, in_workspace: Any) -> None:
    kept = sandbox.connect(actor=Actor.system(in_workspace), provider="x", login=LOGIN)
    blob = bytes(Secret.objects.get(connection=kept).sealed)
    assert all(needle not in blob for needle in _spellings(_secrets_of(kept)))
