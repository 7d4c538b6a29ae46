"""A sealed value opens in its own place, with its own key, unchanged, and nowhere else."""

from __future__ import annotations

import logging
from typing import Any
from uuid import uuid4

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import connection as database

from apps.integrations import vault
from apps.integrations.errors import VaultError
from apps.integrations.models import Connection, DataKey, Secret
from apps.integrations.providers.base import Account, Connected
from apps.integrations.services import connections, credentials
from apps.workspaces.tenancy import workspace_context
from apps.workspaces.types import Actor

CANARY = "canary-7f3a91-do-not-leak"


def test_what_was_sealed_comes_back(in_workspace: Any) -> None:
    row = uuid4()
    for plain in ("", CANARY, "Grüße 👩‍👩‍👧", "x" * 100_000):
        sealed = vault.seal(connection_id=row, field="a", plaintext=plain)
        assert vault.unseal(connection_id=row, field="a", sealed=sealed) == plain
        assert CANARY.encode() not in sealed


def test_the_same_text_is_never_sealed_the_same(in_workspace: Any) -> None:
    row = uuid4()
    sealed = {vault.seal(connection_id=row, field="a", plaintext="x") for _ in range(50)}
    assert len(sealed) == 50


def test_a_value_does_not_open_in_another_row_or_field(in_workspace: Any) -> None:
    row = uuid4()
    sealed = vault.seal(connection_id=row, field="a", plaintext=CANARY)
    with pytest.raises(VaultError):
        vault.unseal(connection_id=uuid4(), field="a", sealed=sealed)
    with pytest.raises(VaultError):
        vault.unseal(connection_id=row, field="b", sealed=sealed)


def test_a_value_does_not_open_in_another_workspace_even_with_its_key(
    workspace: Any, other_workspace: Any
) -> None:
    row = uuid4()
    with workspace_context(workspace):
        sealed = vault.seal(connection_id=row, field="a", plaintext=CANARY)
        key = DataKey.objects.get()
    with workspace_context(other_workspace):
        vault.seal(connection_id=row, field="a", plaintext="own")
        with pytest.raises(VaultError):
            vault.unseal(connection_id=row, field="a", sealed=sealed)
        DataKey.objects.all().delete()
        DataKey.objects.create(
            id=key.id, version=key.version, master_id=key.master_id, wrapped=bytes(key.wrapped)
        )
        with pytest.raises(VaultError):
            vault.unseal(connection_id=row, field="a", sealed=sealed)


def test_a_row_that_is_copied_in_the_database_opens_nothing(
    workspace: Any, other_workspace: Any
) -> None:
    """Whoever can write rows gains nothing by moving them: to another account, field, workspace."""
    with workspace_context(workspace):
        mine, theirs = (
            _connection(Actor.system(workspace)),
            _connection(Actor.system(workspace), "2"),
        )
        assert credentials.read(mine)
        stolen = Secret.objects.get(connection=mine)
        blob, keys = bytes(stolen.sealed), list(DataKey.objects.all())
        Secret.objects.filter(connection=theirs).update(sealed=blob)
        with pytest.raises(VaultError):
            credentials.read(theirs)
        Secret.objects.create(connection=mine, field=credentials.RENEWAL, sealed=blob)
        with pytest.raises(VaultError):
            credentials.renewal(mine)
        assert credentials.read(mine)  # where it belongs it still opens
    with workspace_context(other_workspace):
        Connection.objects.bulk_create([mine])  # the same row, id and all
        Secret.objects.create(connection=mine, field=credentials.CREDENTIALS, sealed=blob)
        DataKey.objects.all().delete()
        DataKey.objects.bulk_create(keys)
        with pytest.raises(VaultError):
            credentials.read(mine)


def test_every_single_flipped_bit_is_noticed(in_workspace: Any) -> None:
    row = uuid4()
    sealed = vault.seal(connection_id=row, field="a", plaintext="token")
    for place in range(len(sealed)):
        for bit in range(8):
            bent = bytearray(sealed)
            bent[place] ^= 1 << bit
            with pytest.raises(VaultError):
                vault.unseal(connection_id=row, field="a", sealed=bytes(bent))
    for length in range(len(sealed)):
        with pytest.raises(VaultError):
            vault.unseal(connection_id=row, field="a", sealed=sealed[:length])


def test_a_tampered_data_key_opens_nothing(in_workspace: Any) -> None:
    row = uuid4()
    sealed = vault.seal(connection_id=row, field="a", plaintext=CANARY)
    key = DataKey.objects.get()
    bent = bytearray(key.wrapped)
    bent[-1] ^= 1
    DataKey.objects.update(wrapped=bytes(bent))
    with pytest.raises(VaultError):
        vault.unseal(connection_id=row, field="a", sealed=sealed)


def _connection(actor: Actor, number: str = "1", token: str = CANARY) -> Connection:
    account = Account(number, "@maren@one.example", "Maren", host="https://one.example")
    return connections.store(
        actor=actor, provider="mastodon", connected=Connected(account, {"token": token})
    )


def test_a_new_data_key_takes_over_and_old_values_still_open(in_workspace: Any) -> None:
    actor = Actor.system(in_workspace)
    row = uuid4()
    old = vault.seal(connection_id=row, field="a", plaintext="before")
    kept = _connection(actor)
    assert vault.rotate_data_key() == 1
    assert DataKey.objects.count() == 2
    assert vault.unseal(connection_id=row, field="a", sealed=old) == "before"
    secret = Secret.objects.get()
    assert bytes(secret.sealed)[1:5] == (2).to_bytes(4, "big")
    session = connections.session(kept)
    session.client.close()
    assert session.credentials == {"token": CANARY}


def test_a_new_master_key_rewraps_and_the_old_one_can_go(in_workspace: Any, settings: Any) -> None:
    kept = _connection(Actor.system(in_workspace))
    old, new = settings.CANDY_MASTER_KEY, "a1" * 32
    settings.CANDY_MASTER_KEY = f"{new} {old}"
    assert vault.rotate_master() == 1
    assert vault.rotate_master() == 0
    settings.CANDY_MASTER_KEY = new
    session = connections.session(kept)
    session.client.close()
    assert session.credentials == {"token": CANARY}
    settings.CANDY_MASTER_KEY = old
    with pytest.raises(VaultError):
        connections.session(kept)


@pytest.mark.parametrize("key", ["short", "zz" * 32, "a1" * 31, "a1" * 33])
def test_a_master_key_that_is_none_stops_at_once(
    in_workspace: Any, settings: Any, key: str
) -> None:
    settings.CANDY_MASTER_KEY = key
    with pytest.raises(ImproperlyConfigured) as caught:
        vault.seal(connection_id=uuid4(), field="a", plaintext="x")
    assert key not in str(caught.value)


def test_no_table_and_no_log_line_holds_a_token(
    workspace: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """The canary in every column of every table of the workspace, as text and as bytes."""
    caplog.set_level(logging.DEBUG)
    with workspace_context(workspace):
        kept = _connection(Actor.system(workspace))
        connections.session(kept).client.close()
        with database.cursor() as cursor:
            cursor.execute(
                "SELECT tablename FROM pg_tables WHERE schemaname = %s", [workspace.schema_name]
            )
            tables = [row[0] for row in cursor.fetchall()]
            found = []
            for table in tables:
                cursor.execute(
                    f'SELECT count(*) FROM "{workspace.schema_name}"."{table}" AS row '
                    "WHERE row::text LIKE %s OR row::text LIKE %s",
                    [f"%{CANARY}%", f"%{CANARY.encode().hex()}%"],
                )
                found += [table] * cursor.fetchone()[0]
    assert "integrations_secret" in tables
    assert found == []
    assert CANARY not in caplog.text
    assert CANARY not in repr(kept.__dict__)
