"""What the tests of single networks share: files, contexts, running stages, holding shapes."""

from __future__ import annotations

import base64
import json
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from apps.integrations import providers
from apps.integrations.http import GuardedClient, guarded_client
from apps.integrations.providers.base import (
    App,
    Connected,
    Content,
    Done,
    MediaItem,
    PublishContext,
    PublishProvider,
    Wait,
)
from apps.integrations.providers.oauth import OAuthProvider, Token
from apps.integrations.sandbox.desk import CLIENT_ID, CLIENT_SECRET
from tests.support.networks import Networks

PROVIDERS = Path(providers.__file__).parent


def picture(number: int = 0, mime: str = "image/jpeg", **more: Any) -> MediaItem:
    data = b"\xff\xd8picture" + bytes([number]) * 64
    details: dict[str, Any] = {"width": 800, "height": 800, "alt_text": f"Picture {number}"} | more
    return MediaItem(f"p{number}", mime, len(data), read=lambda: data, **details)


def film(size: int = 300_000, number: int = 0, **more: Any) -> MediaItem:
    """A video that can only be read in pieces: a whole read fails the test."""
    data = bytes((n * 31 + number) % 251 for n in range(size))

    def whole() -> bytes:
        raise AssertionError("A video was read whole.")

    details: dict[str, Any] = {
        "width": 1080,
        "height": 1920,
        "alt_text": "A video",
        "seconds": 12.0,
        "fps": 30.0,
        "ranged": lambda start, length: data[start : start + length],
    } | more
    return MediaItem(f"v{number}", "video/mp4", size, read=whole, **details)


def sandbox_app(networks: Networks, key: str) -> App:
    return App(CLIENT_ID, CLIENT_SECRET, base=f"{networks.url}/{key}")


def connected(
    network: OAuthProvider, networks: Networks, client: GuardedClient, token: str = "sandbox-maren"
) -> Connected:
    app = sandbox_app(networks, network.key)
    grant = network.accounts(
        Token(access_token=token), app=app, host=network.host(app), client=client
    )
    return grant.accounts[0]


def intent(who: Connected, client: GuardedClient, content: Content, **more: Any) -> PublishContext:
    stored: dict[str, str] = more.pop("stored", {})
    return PublishContext(
        credentials=more.pop("credentials", who.credentials),
        account=who.account,
        content=content,
        key=str(uuid.uuid4()),
        handles=dict(stored),
        save_handle=stored.__setitem__,
        client=client,
        **more,
    )


def run(network: PublishProvider, ctx: PublishContext, *, until: str = "") -> list[str]:
    """Run the stages in order, up to and without `until`; returns which ran."""
    ran = []
    for stage in network.stages_for(ctx.content, ctx.role):
        if stage == until:
            break
        run_stage(network, ctx, stage)
        ran.append(stage)
    return ran


def run_stage(
    network: PublishProvider,
    ctx: PublishContext,
    stage: str,
    waiting: Callable[[Wait], None] = lambda wait: None,
) -> None:
    for _ in range(60):
        step = network.run_stage(stage, ctx)
        if isinstance(step, Done):
            return
        waiting(step)
    raise AssertionError(f"{stage} never ends")


@dataclass
class Call:
    method: str
    path: str
    headers: dict[str, str]
    sent: Any
    status: int
    answered: Any
    size: int


@contextmanager
def listening() -> Iterator[tuple[GuardedClient, list[Call]]]:
    """A client, and every call that it makes, bodies decoded and nothing hidden."""
    calls: list[Call] = []

    def note(response: Any) -> None:
        response.read()
        request = response.request
        try:
            body = request.content
        except Exception:  # a stream that is gone
            body = b""
        calls.append(
            Call(
                request.method,
                request.url.raw_path.decode(),
                dict(request.headers),
                _decoded(body, request.headers.get("content-type", "")),
                response.status_code,
                _decoded(response.content),
                int(request.headers.get("content-length", 0)),
            )
        )

    with guarded_client(timeout=10) as client:
        client.event_hooks = {"response": [note]}
        yield client, calls


def _decoded(body: bytes, kind: str = "") -> Any:
    if kind.startswith("application/x-www-form-urlencoded"):
        return dict(parse_qsl(body.decode(), keep_blank_values=True))
    try:
        return json.loads(body) if body else None
    except ValueError:
        return None


def recorded(key: str, name: str) -> dict[str, Any]:
    """One exchange of `providers/<key>/fixtures/<name>.json`: method, path, request, response."""
    found: dict[str, Any] = json.loads((PROVIDERS / key / "fixtures" / f"{name}.json").read_text())
    return found


def differences(actual: Any, shape: Any, where: str = "$", *, exact: bool = False) -> list[str]:
    """Where `actual` does not have the shape of what was recorded.

    Every key of the record has to be there with a value of the same kind; null fits everything.
    `exact` also finds keys that the record does not have.
    """
    if shape is None or actual is None:
        return []
    if isinstance(shape, bool) or isinstance(actual, bool):
        fits = isinstance(shape, bool) and isinstance(actual, bool)
    elif isinstance(shape, int | float):
        fits = isinstance(actual, int | float)
    else:
        fits = isinstance(actual, type(shape))
    if not fits:
        return [f"{where}: {actual!r} is not like {shape!r}"]
    if isinstance(shape, dict):
        missing = [f"{where}.{name} is missing" for name in shape if name not in actual]
        extra = [f"{where}.{name} is extra" for name in actual if exact and name not in shape]
        inner = [
            line
            for name, value in shape.items()
            if name in actual
            for line in differences(actual[name], value, f"{where}.{name}", exact=exact)
        ]
        return missing + extra + inner
    if isinstance(shape, list) and shape:
        return [
            line
            for n, item in enumerate(actual)
            for line in differences(item, shape[0], f"{where}[{n}]", exact=exact)
        ]
    return []


def held_to(call: Call, record: dict[str, Any]) -> None:
    """The request as recorded, nothing more and nothing less; the answer at least as recorded."""
    assert call.method == record["method"]
    assert record["path"] in call.path
    assert call.status == record["status"]
    if record.get("request") is not None:
        assert not differences(call.sent, record["request"], exact=True)
    if record.get("response") is not None:
        assert not differences(call.answered, record["response"])


def decoded(data: str) -> bytes:
    return base64.b64decode(data)
