"""`python -m tests.chaos`: run, print the table, fail when a promise is broken."""

from __future__ import annotations

import argparse
import json
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.chaos.arena import Breaker, Crew, arena


def main() -> int:
    options = _options()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the servers are stopped too
    runs = [] if options.only == "control" else [_run(options, blind=False)]
    if options.only != "real":
        runs.append(_run(options, blind=True))
    print(_table(runs))
    if options.json:
        Path(options.json).write_text(json.dumps(runs, indent=2))
    broken = [message for run in runs for message in _verdict(run)]
    for message in broken:
        print(f"✗ {message}")
    if not broken:
        control = "; the control shows doubles" if any(run["blind"] for run in runs) else ""
        print(f"✓ nothing lost, nothing doubled, nothing stuck{control}.")
    return 1 if broken else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make chaos ARGS=…")
    parser.add_argument("--publishes", type=int, default=1000)
    parser.add_argument("--control-publishes", type=int, default=150)
    parser.add_argument("--workspaces", type=int, default=50)
    parser.add_argument("--faulty", type=float, default=0.3, help="share of calls that go wrong")
    parser.add_argument("--spread", type=float, default=60, help="seconds over which posts are due")
    # Posts of an account go out one after the other, and each doubt waits until its network settled.
    parser.add_argument("--per-account", type=int, help="posts, at most; 10 for 1,000")
    # A worker takes seconds of a small machine's time to start: more kills are mostly starts.
    parser.add_argument(
        "--kill-every", type=float, help="seconds, about; 6 for 1,000, 30 for 30,000"
    )
    parser.add_argument("--kills", type=int, default=100_000, help="no more than this many")
    parser.add_argument("--database-stops", type=int, default=4)
    parser.add_argument("--flushes", type=int, default=4)
    parser.add_argument("--workers", type=int, default=3)
    parser.add_argument("--limit", type=float, help="seconds until it is called stuck")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--networks", help="keys with commas between; all by default")
    parser.add_argument("--only", choices=["real", "control"])
    parser.add_argument("--json", help="write the result here as well")
    options = parser.parse_args()
    options.per_account = options.per_account or max(10, options.publishes // 600)
    options.kill_every = options.kill_every or max(6.0, options.publishes / 1000)
    options.limit = options.limit or 600 + 0.6 * options.publishes
    return options


def _run(options: argparse.Namespace, *, blind: bool) -> dict[str, Any]:
    """One run in a process's worth of state; the second one runs in a child of its own."""
    if blind and options.only != "control":
        return _in_child(options)
    folder = Path(tempfile.mkdtemp(prefix="candy-chaos-"))
    try:
        with arena(folder, blind=blind) as place:
            return _fight(place, options, blind)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _all_networks() -> list[str]:
    from apps.integrations import providers

    return [provider.key for provider in providers.all_publishers()]


def _in_child(options: argparse.Namespace) -> dict[str, Any]:
    import subprocess

    with tempfile.NamedTemporaryFile(suffix=".json") as result:
        command = [sys.executable, "-m", "tests.chaos", "--only", "control", "--json", result.name]
        command += ["--networks", "mastodon"]
        for name in ("control_publishes", "faulty", "workers", "limit", "seed", "kill_every"):
            command += [f"--{name.replace('_', '-')}", str(getattr(options, name))]
        command += ["--workspaces", str(min(options.workspaces, 5)), "--spread", "10"]
        subprocess.run(command, check=False, stdout=subprocess.DEVNULL)
        (run,) = json.loads(Path(result.name).read_text())
    return dict(run)


def _fight(place: Any, options: argparse.Namespace, blind: bool) -> dict[str, Any]:
    import django

    django.setup()
    from tests.chaos import traffic
    from tests.support.fleet import fleet

    publishes = options.control_publishes if blind else options.publishes
    _say(f"{options.workspaces} workspaces …")
    workspaces = traffic.prepare(options.workspaces)
    keys = options.networks.split(",") if options.networks else _all_networks()
    for key in keys:
        place.networks.control(key, scenario="success", reset=True)
    _say(f"{publishes} posts …")
    plan = traffic.schedule(
        workspaces, publishes, keys, spread=options.spread, per_account=options.per_account
    )
    for key in keys:
        place.networks.control(
            key,
            scenario="mixed",
            rate=options.faulty,
            seed=options.seed,
            seconds=1.5 * 2,
            point="post",
        )
    started = time.monotonic()
    ended = False
    with fleet(place.folder, place.redis_url, **place.settings) as processes:
        processes.web(place.web_port)  # networks that fetch files get them here
        processes.clock()
        processes.clock()
        crew = Crew(processes, options.workers)
        breaker = Breaker(
            place,
            crew,
            every=options.kill_every,
            kills=options.kills,
            database_stops=options.database_stops,
            flushes=options.flushes,
            seed=options.seed,
            is_over=lambda: ended,
        )
        breaker.start()
        stuck = _wait(plan, started + options.limit, breaker)
        ended = True
        breaker.join(60)
        if stuck:
            print(processes.logs()[-6000:])
        time.sleep(LATE_SECONDS)  # what a silent call may still bring
    return _result(place, plan, blind, time.monotonic() - started - LATE_SECONDS, breaker)


LATE_SECONDS = 5


def _wait(plan: Any, until: float, breaker: Any) -> bool:
    """Wait until all targets rest; True when they do not in time."""
    from tests.chaos import traffic

    shown = 0.0
    while time.monotonic() < until:
        found = traffic.states(plan)
        resting = sum(n for state, n in found.items() if state in traffic.AT_REST)
        if time.monotonic() - shown > 5:
            shown = time.monotonic()
            _say(", ".join(f"{n} {state}" for state, n in sorted(found.items())))
        if resting == plan.total and traffic.leftovers(plan)["unfinished jobs"] == 0:
            return False
        if breaker.failure is not None:
            raise breaker.failure
        time.sleep(0.5)
    return True


def _result(place: Any, plan: Any, blind: bool, seconds: float, breaker: Any) -> dict[str, Any]:
    """The count of one run. A network that can be neither asked nor told a key may leave doubts;
    those have to be with a person in time, and never doubled."""
    from apps.integrations import providers
    from tests.chaos import traffic

    rest = traffic.leftovers(plan)
    lines = []
    for key, states in traffic.by_network(plan).items():
        network = place.networks.state(key)
        accepted = sum(network["posts"].values())
        doubled = sum(network["duplicates"].values())
        blind_network = providers.get(key).capabilities.publishing.promise == "write_only"
        doubts = states["unconfirmed"] if blind_network else 0
        lines.append(
            {
                "network": key,
                "publishes": plan.expected[key],
                "accepted": accepted,
                "lost": max(0, plan.expected[key] - (accepted - doubled) - doubts),
                "doubled": doubled,
                "doubts": doubts,
                "stuck": sum(n for s, n in states.items() if s not in traffic.AT_REST),
                "not published": plan.expected[key] - states["published"] - doubts,
                "faults": sum(network["faults"].values()),
                "states": dict(states),
            }
        )
    summed = {
        name: sum(line[name] for line in lines)
        for name in ("accepted", "lost", "doubled", "doubts", "stuck", "not published", "faults")
    }
    return {
        "run": "control: no settling, no looking" if blind else "ledger",
        "blind": blind,
        "publishes": plan.total,
        "workspaces": len(plan.workspaces),
        "seconds": round(seconds, 1),
        **summed,
        "stuck": summed["stuck"] + rest["open attempts"] + rest["unfinished jobs"],
        "slowest doubt": round(traffic.slowest_doubt(plan), 1),
        "shared ids": rest["shared ids"],
        "adopted": rest["adopted"],
        "sent again": rest["sent again"],
        "networks": lines,
        **place.broken,
    }


def _verdict(run: dict[str, Any]) -> list[str]:
    if run["blind"]:
        return [] if run["doubled"] else ["The control shows no doubles: the harness is blind."]
    found = [
        f"{run[name]} {name}"
        for name in ("lost", "doubled", "stuck", "not published", "shared ids")
        if run[name]
    ]
    if run["slowest doubt"] > 120:
        found.append(f"A doubt was shown after {run['slowest doubt']} s only.")
    if not run["faults"] or not run["workers killed"]:
        found.append("Nothing was broken on the way: this run proves nothing.")
    return found


ROWS = (
    "publishes",
    "workspaces",
    "seconds",
    "accepted",
    "lost",
    "doubled",
    "doubts",
    "slowest doubt",
    "stuck",
    "adopted",
    "sent again",
    "faults",
    "workers killed",
    "Valkey emptied",
    "PostgreSQL stopped",
)


def _table(runs: list[dict[str, Any]]) -> str:
    lines = ["", f"{'':20}" + "".join(f"{run['run']:>36}" for run in runs)]
    lines += [f"{name:20}" + "".join(f"{run[name]:>36}" for run in runs) for name in ROWS]
    for line in runs[0]["networks"]:
        found = ", ".join(f"{count} {state}" for state, count in sorted(line["states"].items()))
        lines.append(
            f"  {line['network']:12} {line['publishes']:>6} sent, {line['accepted']:>6} there, "
            f"{line['lost']} lost, {line['doubled']} doubled, {line['doubts']} in doubt ({found})"
        )
    return "\n".join([*lines, ""])


def _say(text: str) -> None:
    print(f"  {text}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
