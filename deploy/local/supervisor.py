"""``make run``: everything of a local Candy under one process, in one log.

Order: servers, ``prepare`` (migrations, template schema, pool, demo data) while the web process
loads, then the other programs of ``deploy/local/Procfile``; the address comes last, when all are up.
A program that crashes is started again with back-off. Ctrl-C, SIGTERM and SIGHUP end every process,
whatever they started included; a second Ctrl-C does not wait.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import selectors
import signal
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from deploy.local import chromium, services
from deploy.local.child import Child, parse_procfile
from deploy.local.console import Console
from deploy.local.environment import child_env, read_runtime_env, write_runtime_env
from deploy.local.paths import TERMINAL, LocalError, load_dotenv, paint, say, var_dir
from deploy.local.processes import adopt_orphans, descendants

PROCFILE = Path(__file__).with_name("Procfile")
PATIENCE = 20.0  # seconds that the address waits for workers and clock to come up
GRACE = 12.0  # seconds that programs have to finish what they are doing
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stop(Exception):
    """A person or the system asked us to end."""


class Requests:
    """Requests to stop. The first interrupts whatever runs; later ones only count."""

    def __init__(self) -> None:
        self.count = 0

    def listen(self) -> None:
        for number in SIGNALS:
            signal.signal(number, self._arrived)

    def _arrived(self, _number: int, _frame: object) -> None:
        self.count += 1
        if self.count == 1:
            raise Stop

    def close(self) -> int:
        """From here on no request interrupts: what follows tidies up. Returns the count so far."""
        self.count = max(self.count, 1)
        TERMINAL.ending = True
        return self.count


REQUESTS = Requests()


class Supervisor:
    """Single-threaded: one loop reads every program's output and watches its life.

    One thread also matters to the kernel: programs are told of our death when the thread that
    started them ends.
    """

    def __init__(self, commands: dict[str, str], env: dict[str, str], console: Console) -> None:
        self.planned = {name: Child(name, command, env) for name, command in commands.items()}
        self.children: list[Child] = []  # those that were started, in that order
        self.console = console
        self.selector = selectors.DefaultSelector()

    def start(self, name: str) -> None:
        child = self.planned.pop(name, None)
        if child is not None:
            self.children.append(child)
            self._start(child)

    def start_rest(self) -> None:
        for name in list(self.planned):
            self.start(name)

    def finish(self, name: str) -> None:
        """Run ``name`` to its end beside the others; LocalError when it fails."""
        child = self.planned.pop(name, None)
        if child is None:
            return
        child.once = True
        self.children.append(child)
        self._start(child)
        while child in self.children:
            self.turn(0.05)

    def start_aside(self, name: str, command: str, env: dict[str, str]) -> None:
        """Run ``command`` to its end while everything else goes on, however it ends."""
        child = self.planned[name] = Child(name, command, env)
        child.once = child.may_fail = True
        self.start(name)

    def _start(self, child: Child) -> None:
        child.start()
        assert child.process is not None
        assert child.process.stdout is not None
        os.set_blocking(child.process.stdout.fileno(), False)
        self.selector.register(child.process.stdout, selectors.EVENT_READ, child)

    def turn(self, timeout: float = 0.25) -> None:
        """Pass on what was said, notice who ended, start again who is due."""
        for key, _ in self.selector.select(timeout):
            self._read(key)
        now = time.monotonic()
        for child in list(self.children):
            if child.restart_at is not None:
                if child.restart_at <= now:
                    self._start(child)
            elif not child.running:
                self._ended(child)

    def _read(self, key: selectors.SelectorKey) -> None:
        child: Child = key.data
        try:
            data = os.read(key.fd, 65536)
        except BlockingIOError:
            return
        if data:
            child.heard(data)
            self.console.feed(child.name, data)
            return
        self.selector.unregister(key.fileobj)
        self.console.flush(child.name)

    def _drain(self, child: Child) -> None:
        stream = child.process.stdout if child.process else None
        if stream is None or stream.closed:
            return
        with contextlib.suppress(BlockingIOError, ValueError):
            while data := os.read(stream.fileno(), 65536):
                self.console.feed(child.name, data)
        with contextlib.suppress(KeyError, ValueError):
            self.selector.unregister(stream)
        stream.close()
        self.console.flush(child.name)

    def _ended(self, child: Child) -> None:
        assert child.process is not None
        child.kill()  # what it started must not outlive it
        self._drain(child)
        code = child.process.returncode
        if child.once:
            self.children.remove(child)
            if code and not child.may_fail:
                raise LocalError(f"{child.name} failed with code {code}; see above.")
            return
        delay = child.plan_restart()
        how = f"code {code}" if code >= 0 else signal.Signals(-code).name
        say(paint(f"{child.name} ended with {how}; starting it again in {delay:g} s", "31"))

    def stop(self, asked: int, grace: float = GRACE) -> None:
        """Ask everyone to finish, wait, then make sure. Nothing of ours runs afterwards.

        A further request than the `asked` ones ends the waiting.
        """
        for child in self.children:
            child.signal_group(signal.SIGTERM)
        deadline = time.monotonic() + grace
        while REQUESTS.count == asked and time.monotonic() < deadline:
            if not any(child.running for child in self.children):
                break
            for key, _ in self.selector.select(0.1):
                self._read(key)
        for child in self.children:
            if child.running:
                say(f"{child.name} did not finish in time; ending it")
            child.kill()
            if child.process is not None:
                child.process.wait()
            self._drain(child)


def main() -> int:
    """Run until told to stop. 0 after a stop that was asked for, 1 with a message otherwise."""
    REQUESTS.listen()
    adopt_orphans()
    load_dotenv()
    try:
        with only_one(), services.running() as servers:
            run(servers)
    except Stop:
        say("everything has ended")
        return 0
    except BrokenPipeError:  # whoever read our log has gone
        return 0
    except LocalError as error:
        say(paint(str(error), "31"))
        return 1
    return 0


def run(servers: services.Services) -> None:
    """Prepare, start everything and watch it. Leaves only by an exception, and leaves nothing."""
    console = Console()
    env = child_env(servers.env)
    write_runtime_env(env)
    supervisor = Supervisor(parse_procfile(PROCFILE), env, console)
    try:
        supervisor.start("sandbox")  # the demo data is published there
        supervisor.start("web")  # /readyz says no until the schema is right, so it may load by now
        supervisor.finish("prepare")
        supervisor.start_rest()
        wait_ready(supervisor, env)
        announce(env)
        if chromium.is_missing():
            supervisor.start_aside("browser", "python -m deploy.local.chromium", env)
        while True:
            supervisor.turn()
    finally:
        asked = REQUESTS.close()
        (var_dir() / "runtime.env").unlink(missing_ok=True)
        say("stopping …")
        supervisor.stop(asked)
        end_leftovers(servers)


@contextlib.contextmanager
def only_one() -> Iterator[None]:
    """One `make run` for each var folder; a second says where the first one is."""
    var = var_dir()
    var.mkdir(parents=True, exist_ok=True)
    with (var / ".run.lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            where = read_runtime_env().get("CANDY_PUBLIC_URL", "another terminal")
            raise LocalError(
                f"Candy already runs from {var}: {where}. Set CANDY_VAR for another one."
            ) from None
        yield


def wait_ready(supervisor: Supervisor, env: dict[str, str]) -> None:
    """Turn until ``/readyz`` says yes and every program has said that it is up.

    A web process that keeps crashing shows in the log. Another that does not come up is no reason
    to keep the address back for long.
    """
    url = f"http://{'127.0.0.1' if env['HOST'] == '0.0.0.0' else env['HOST']}:{env['PORT']}/readyz"  # noqa: S104
    deadline = time.monotonic() + PATIENCE
    while not answers(url):
        supervisor.turn(0.1)
    while time.monotonic() < deadline and not all(child.up for child in supervisor.children):
        supervisor.turn(0.1)
    supervisor.turn(0)  # what a program said before it answered comes before the address


def answers(url: str) -> bool:
    try:
        urllib.request.urlopen(url, timeout=2).close()
    except (urllib.error.URLError, OSError):
        return False
    return True


def announce(env: dict[str, str]) -> None:
    """The last lines of the start: where to go, and how to get in."""
    say("")
    say(f"Candy is ready:     {paint(env['CANDY_PUBLIC_URL'], '1;4')}")
    say(f"Sandbox networks:   {env['CANDY_SANDBOX_URL']}")
    sign_in = var_dir() / "demo-sign-in.txt"  # written by seed_demo: `email password`
    if sign_in.is_file():
        email, _, password = sign_in.read_text(encoding="utf-8").strip().partition(" ")
        say(f"Sign in:            {paint(email, '1')}  password  {paint(password, '1')}")
    say(f"Mail lands in:      {var_dir() / 'mail'}")
    say("Ctrl-C ends everything.")


def end_leftovers(servers: services.Services) -> None:
    """Kill what got away from its group: as their adopted parent we still know them."""
    keep = frozenset(
        pid for server in (servers.postgres, servers.valkey) if server and (pid := server.pid())
    )
    for pid in descendants(os.getpid(), without=keep):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGKILL)


if __name__ == "__main__":
    raise SystemExit(main())
