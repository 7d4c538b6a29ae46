"""What the simulated networks remember: posts, accounts and files in one SQLite file or in memory.

The sandbox server is one process with one event loop and every call here is short and synchronous,
so there is no lock; a file survives restarts of the server.
"""

from __future__ import annotations

import json
import sqlite3
import time
from pathlib import Path
from typing import Any

_SCHEMA = """
CREATE TABLE IF NOT EXISTS thing (
    network TEXT, kind TEXT, id TEXT, doc TEXT, PRIMARY KEY (network, kind, id)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS post (
    n INTEGER PRIMARY KEY, network TEXT, id TEXT, account TEXT, at REAL, text TEXT, doc TEXT,
    UNIQUE (network, id)
);
CREATE INDEX IF NOT EXISTS post_account ON post (network, account, n);
CREATE TABLE IF NOT EXISTS blob (
    network TEXT, id TEXT, mime TEXT, data BLOB, PRIMARY KEY (network, id)
);
"""


class Store:
    def __init__(self, path: Path | None = None) -> None:
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
        # The app is made in one thread and may serve in another, never in both at once.
        self._db = sqlite3.connect(
            path or ":memory:", isolation_level=None, check_same_thread=False
        )
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=OFF")
        self._db.executescript(_SCHEMA)

    def put(self, network: str, kind: str, id: str, doc: Any) -> None:
        self._db.execute(
            "INSERT OR REPLACE INTO thing VALUES (?, ?, ?, ?)", (network, kind, id, json.dumps(doc))
        )

    def get(self, network: str, kind: str, id: str) -> Any | None:
        row = self._db.execute(
            "SELECT doc FROM thing WHERE network = ? AND kind = ? AND id = ?", (network, kind, id)
        ).fetchone()
        return json.loads(row[0]) if row else None

    def things(self, network: str, kind: str) -> list[Any]:
        rows = self._db.execute(
            "SELECT doc FROM thing WHERE network = ? AND kind = ? ORDER BY id", (network, kind)
        )
        return [json.loads(row[0]) for row in rows]

    def drop(self, network: str, kind: str, id: str) -> None:
        self._db.execute(
            "DELETE FROM thing WHERE network = ? AND kind = ? AND id = ?", (network, kind, id)
        )

    def add_post(self, network: str, id: str, account: str, text: str, doc: Any) -> None:
        self._db.execute(
            "INSERT INTO post (network, id, account, at, text, doc) VALUES (?, ?, ?, ?, ?, ?)",
            (network, id, account, time.time(), text, json.dumps(doc)),
        )

    def change_post(self, network: str, id: str, text: str, doc: Any) -> None:
        self._db.execute(
            "UPDATE post SET text = ?, doc = ? WHERE network = ? AND id = ?",
            (text, json.dumps(doc), network, id),
        )

    def post(self, network: str, id: str) -> Any | None:
        row = self._db.execute(
            "SELECT doc FROM post WHERE network = ? AND id = ?", (network, id)
        ).fetchone()
        return json.loads(row[0]) if row else None

    def posts(self, network: str, account: str | None = None, limit: int = 40) -> list[Any]:
        """Newest first."""
        rows = self._db.execute(
            "SELECT doc FROM post WHERE network = ?1 AND (?2 IS NULL OR account = ?2)"
            " ORDER BY n DESC LIMIT ?3",
            (network, account, limit),
        )
        return [json.loads(row[0]) for row in rows]

    def count(self, network: str, account: str) -> int:
        row = self._db.execute(
            "SELECT count(*) FROM post WHERE network = ? AND account = ?", (network, account)
        ).fetchone()
        return int(row[0])

    def drop_post(self, network: str, id: str) -> bool:
        done = self._db.execute("DELETE FROM post WHERE network = ? AND id = ?", (network, id))
        return done.rowcount > 0

    def put_blob(self, network: str, id: str, mime: str, data: bytes) -> None:
        self._db.execute(
            "INSERT OR REPLACE INTO blob VALUES (?, ?, ?, ?)", (network, id, mime, data)
        )

    def blob(self, network: str, id: str) -> tuple[str, bytes] | None:
        row = self._db.execute(
            "SELECT mime, data FROM blob WHERE network = ? AND id = ?", (network, id)
        ).fetchone()
        return (row[0], row[1]) if row else None

    def counts(self, network: str) -> dict[str, dict[str, int]]:
        """Posts by account, and by account how many are one too many of the same text."""
        posts = dict(
            self._db.execute(
                "SELECT account, count(*) FROM post WHERE network = ? GROUP BY account", (network,)
            ).fetchall()
        )
        doubled = dict(
            self._db.execute(
                "SELECT account, sum(extra) FROM (SELECT account, count(*) - 1 AS extra FROM post"
                " WHERE network = ? GROUP BY account, text HAVING count(*) > 1) GROUP BY account",
                (network,),
            ).fetchall()
        )
        return {"posts": posts, "duplicates": doubled}

    def clear(self, network: str) -> None:
        """Forget the posts and files; accounts and tokens stay."""
        self._db.execute("DELETE FROM post WHERE network = ?", (network,))
        self._db.execute("DELETE FROM blob WHERE network = ?", (network,))
