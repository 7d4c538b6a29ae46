"""A run's report, for people on a terminal and as JSON."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from textwrap import fill, indent

from apps.knisoci.showcase.main_job import Report

WIDTH = 88


def as_text(report: Report) -> str:
    """The whole report in reading order."""
    parts = [
        _title(f"Candy demo: {report.source}"),
        f"Workspace {report.workspace} on the sandbox networks; nobody outside sees these posts.",
        _sources(report),
        _voice(report),
        _drafts(report),
        _publications(report),
        _seconds(report),
    ]
    if report.problems:
        parts.append(_title("Problems") + "\n" + "\n".join(f"- {text}" for text in report.problems))
    return "\n\n".join(part for part in parts if part) + "\n"


def write_json(report: Report, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    data = asdict(report) | {"ok": report.is_good}
    path.write_text(json.dumps(data, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _title(text: str) -> str:
    return f"{text}\n{'-' * len(text)}"


def _sources(report: Report) -> str:
    lines = [
        f"{row['state']:>8}  {row['pages']:>3} pages  {row['words']:>7,} words  {row['address']}"
        + (f"\n          {row['error']}" if row["error"] else "")
        for row in report.sources
    ]
    return "\n".join([_title("Read"), *lines]) if lines else ""


def _voice(report: Report) -> str:
    if not report.voice:
        return ""
    bars = [
        f"{name:>32}  {'#' * round(value / 5):<20} {value:>3}"
        for name, value in report.voice["scales"].items()
    ]
    return "\n".join(
        [
            _title("Voice learned"),
            *bars,
            f"Prefers: {', '.join(report.voice['prefer'])}",
            f"Avoids: {', '.join(report.voice['avoid'])}",
            *(f"- {rule}" for rule in report.voice["rules"]),
        ]
    )


def _drafts(report: Report) -> str:
    if not report.drafts:
        return ""
    lines = [_title(f"Drafts ({len(report.drafts)})")]
    for draft in report.drafts:
        lines.append(
            f"[{draft['network']}] voice {draft['voice_score']}, guards {draft['guards']}, "
            f"by {draft['writer']}"
        )
        lines.append(
            indent("\n".join(fill(t, WIDTH - 4) for t in draft["text"].splitlines()), "    ")
        )
        lines += [f"    ! {words}" for words in draft["findings"]]
    return "\n".join(lines)


def _publications(report: Report) -> str:
    if not report.publications:
        return ""
    lines = [_title(f"Publications ({len(report.publications)})")]
    for row in report.publications:
        late = row["seconds_after_due"]
        when = f"{late:+.1f} s after due" if late is not None else row["error"]
        numbers = (
            ", ".join(f"{value} {name}" for name, value in row["metrics"].items()) or "none yet"
        )
        lines += [
            f"{row['state']:>10}  {row['network']:<9} {when}",
            f"            {row['permalink']}",
            f"            numbers: {numbers}",
        ]
    return "\n".join(lines)


def _seconds(report: Report) -> str:
    lines = [f"{name:>10}  {value:>7.2f} s" for name, value in report.seconds.items()]
    return "\n".join([_title("Time"), *lines])
