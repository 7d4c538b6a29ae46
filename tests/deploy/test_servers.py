"""The embedded PostgreSQL and Valkey: they start anywhere and come back from anything."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import redis

from deploy.local.paths import LocalError
from deploy.local.postgres import Postgres
from deploy.local.processes import is_alive
from deploy.local.valkey import Valkey
from tests.deploy.conftest import ROOT, clean_env, wait_dead


@pytest.fixture
def postgres(tmp_path: Path) -> Iterator[Postgres]:
    server = Postgres(tmp_path / "var" / "postgres", durable=False)
    yield server
    server.stop()


@pytest.fixture
def valkey(tmp_path: Path) -> Iterator[Valkey]:
    server = Valkey(tmp_path / "var" / "valkey", durable=True)
    yield server
    server.stop()


def test_postgres_has_vectors_and_an_ordinary_role(postgres: Postgres) -> None:
    with psycopg.connect(postgres.start(), autocommit=True) as connection:
        assert connection.execute("SELECT '[1,2]'::vector <-> '[1,4]'::vector").fetchone() == (2.0,)
        superuser = "SELECT rolsuper FROM pg_roles WHERE rolname = current_user"
        assert connection.execute(superuser).fetchone() == (False,)
        version = connection.execute("SHOW server_version_num").fetchone()
        assert version is not None
        assert version[0].startswith("18")
        connection.execute("CREATE DATABASE of_the_tests")


def test_postgres_comes_back_with_its_data_after_kill_9(tmp_path: Path) -> None:
    postgres = Postgres(tmp_path / "var" / "postgres", durable=True)
    url = postgres.start()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
        if sys.platform == "linux":
            synced = connection.execute("SHOW recovery_init_sync_method").fetchone()
            assert synced == ("syncfs",), "recovery would sync the files of all workspaces singly"
    pid = postgres.pid()
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    assert postgres._process is not None
    postgres._process.wait()
    assert (postgres.data / "postmaster.pid").exists(), "what a kill leaves behind"

    with psycopg.connect(postgres.start()) as connection:
        assert connection.execute("SELECT answer FROM kept").fetchone() == (42,)
    postgres.stop()


def test_a_pid_file_that_names_a_stranger_is_put_right(postgres: Postgres) -> None:
    postgres.start()
    file = postgres.data / "postmaster.pid"
    lines = file.read_text().splitlines()
    postgres.stop()
    file.write_text("\n".join([str(os.getpid()), *lines[1:]]) + "\n")
    assert postgres.pid() is None, "this process is no PostgreSQL"
    with psycopg.connect(postgres.start()) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_a_long_path_gets_a_short_private_socket(tmp_path: Path) -> None:
    server = Postgres(tmp_path / ("long-" * 20) / "postgres", durable=False)
    try:
        url = server.start()
        folder = server.socket_folder()
        assert folder != server.data
        assert folder.stat().st_mode & 0o077 == 0
        with psycopg.connect(url) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
    finally:
        server.stop()


def test_a_cluster_of_another_version_is_refused_with_advice(postgres: Postgres) -> None:
    postgres.start()
    postgres.stop()
    (postgres.data / "PG_VERSION").write_text("17\n")
    with pytest.raises(LocalError, match="made by PostgreSQL 17, this is 18"):
        postgres.start()


def test_a_start_that_fails_shows_the_servers_own_words(postgres: Postgres) -> None:
    postgres.start()
    postgres.stop()
    (postgres.data / "postgresql.auto.conf").write_text("shared_buffers = 'much'\n")
    (postgres.data / "postgresql.conf").write_text("nonsense = yes\n")
    with pytest.raises(LocalError, match="nonsense"):
        postgres.start()


def test_what_is_durable_is_so(tmp_path: Path, postgres: Postgres) -> None:
    show = "SELECT name, setting FROM pg_settings WHERE name IN ('fsync', 'full_page_writes')"
    with psycopg.connect(postgres.start()) as connection:
        assert set(connection.execute(show)) == {("fsync", "off"), ("full_page_writes", "off")}
    lasting = Postgres(tmp_path / "lasting" / "postgres", durable=True)
    try:
        with psycopg.connect(lasting.start()) as connection:
            assert set(connection.execute(show)) == {("fsync", "on"), ("full_page_writes", "on")}
    finally:
        lasting.stop()


def test_valkey_wants_its_password_and_keeps_it_off_the_process_list(valkey: Valkey) -> None:
    url = valkey.start()
    assert redis.Redis.from_url(url).ping()
    password = url.split(":")[2].split("@")[0]
    stranger = redis.Redis(host="127.0.0.1", port=int(url.rsplit(":", 1)[1].split("/")[0]))
    with pytest.raises(redis.AuthenticationError):
        stranger.ping()
    pid = valkey.pid()
    assert password not in Path(f"/proc/{pid}/cmdline").read_text()
    assert valkey.config.stat().st_mode & 0o077 == 0


def test_valkey_keeps_what_it_was_told_over_a_restart(valkey: Valkey) -> None:
    redis.Redis.from_url(valkey.start()).set("kept", "yes")
    valkey.stop()
    assert redis.Redis.from_url(valkey.start()).get("kept") == b"yes"


def test_a_running_server_is_used_and_not_started_twice(valkey: Valkey) -> None:
    first = valkey.start()
    other = Valkey(valkey.data, durable=True)
    assert other.start() == first
    assert other.pid() == valkey.pid()


def hold(var: Path, seconds: float) -> subprocess.Popen[str]:
    """A command that needs the servers for ``seconds`` and says when it has them."""
    script = f"import time; print('up', flush=True); time.sleep({seconds})"
    command = [sys.executable, "-m", "deploy.local.services", "exec", "--test", "--"]
    process = subprocess.Popen(
        [*command, sys.executable, "-c", script],
        cwd=ROOT, env=clean_env(var), stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    with process.stdout as output:
        # The whole line: what is said of a folder before it may hold any two letters.
        while output.readline() != "up\n":
            assert process.poll() is None
    return process


def test_two_commands_share_the_servers_and_the_last_one_stops_them(tmp_path: Path) -> None:
    var = tmp_path / "var"
    server = Postgres(var / "test-postgres", durable=False)
    first = hold(var, 1.5)
    second = hold(var, 4)
    pid = server.pid()
    assert pid is not None
    assert first.wait(20) == 0
    assert server.pid() == pid, "someone still needs it"
    assert second.wait(20) == 0
    assert wait_dead([pid]) == []


def test_a_killed_holder_does_not_keep_the_servers_for_ever(tmp_path: Path) -> None:
    var = tmp_path / "var"
    first = hold(var, 600)
    first.kill()
    first.wait()
    second = hold(var, 0.1)
    assert second.wait(20) == 0
    assert Postgres(var / "test-postgres", durable=False).pid() is None


def test_given_servers_are_used_and_none_is_started(tmp_path: Path) -> None:
    var = tmp_path / "var"
    env = clean_env(
        var, DATABASE_URL="postgresql://u@db.example/x", REDIS_URL="redis://r.example/3"
    )
    script = "import os; print(os.environ['DATABASE_URL'], os.environ['REDIS_URL'])"
    done = subprocess.run(
        [sys.executable, "-m", "deploy.local.services", "exec", "--", sys.executable, "-c", script],
        cwd=ROOT, env=env, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.split() == ["postgresql://u@db.example/x", "redis://r.example/3"]
    assert not (var / "postgres").exists()
    assert not (var / "valkey").exists()


def test_a_command_ends_with_its_own_code_and_takes_its_children_along(tmp_path: Path) -> None:
    env = clean_env(tmp_path / "var", DATABASE_URL="postgresql://x/y", REDIS_URL="redis://x")
    script = "sleep 600 & echo $!; exit 7"
    done = subprocess.run(
        [sys.executable, "-m", "deploy.local.services", "exec", "--", "sh", "-c", script],
        cwd=ROOT, env=env, stdout=subprocess.PIPE, text=True, timeout=20,
    )  # fmt: skip
    assert done.returncode == 7
    assert wait_dead([int(done.stdout)]) == []


def test_dead_means_dead_also_for_a_child_nobody_waited_for() -> None:
    child = subprocess.Popen([sys.executable, "-c", "pass"])
    deadline = time.monotonic() + 10
    while is_alive(child.pid) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not is_alive(child.pid), "a zombie runs nothing"
    child.wait()
