"""A network's adapter without the engine, for tests of networks.

Files to post, a signed-in account, running a post's stages, and holding calls to the recorded ones.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from PIL import Image

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
    Role,
    Wait,
)
from apps.integrations.providers.oauth import OAuthProvider, Token
from apps.integrations.services.apps import SANDBOX
from tests.support.networks import Networks
from tests.support.site import Answer, Site, serve

PROVIDERS = Path(providers.__file__).parent
MP4 = b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom" + b"\x01\x02\x03\x04" * 20_000


def jpeg(width: int = 400, height: int = 400, colour: str = "salmon") -> bytes:
    out = BytesIO()
    Image.new("RGB", (width, height), colour).save(out, "JPEG")
    return out.getvalue()


class Files:
    """Files as a network fetches them: `image()` and `video()` are ready to be attached."""

    def __init__(self, site: Site) -> None:
        self.site = site

    def image(
        self, alt: str = "A picture", *, width: int = 400, height: int = 400, **more: Any
    ) -> MediaItem:
        data = more.pop("data", None) or jpeg(width, height)
        return self._item("image/jpeg", data, alt, width=width, height=height, **more)

    def video(
        self, alt: str = "", *, width: int = 1080, height: int = 1920, **more: Any
    ) -> MediaItem:
        data = more.pop("data", MP4)
        facts = {"seconds": 12.0, "fps": 30.0, "width": width, "height": height, **more}
        return self._item("video/mp4", data, alt, **facts)

    def long_video(self, size: int = 9_000_000, **more: Any) -> MediaItem:
        """A video that can only be read in pieces: a whole read fails the test."""
        data = MP4 + bytes(size - len(MP4))

        def whole() -> bytes:
            raise AssertionError("A video was read whole.")

        item = self.video(data=data, ranged=lambda start, length: data[start : start + length])
        return replace(item, read=whole, **more)

    def _item(self, mime: str, data: bytes, alt: str, **facts: Any) -> MediaItem:
        name = uuid.uuid4().hex
        self.site.pages[f"/{name}"] = Answer(data, headers={"Content-Type": mime})
        return MediaItem(
            asset_id=name,
            mime=mime,
            size=len(data),
            alt_text=alt,
            read=lambda: data,
            url=lambda: f"{self.site.url}/{name}",
            **facts,
        )


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


@contextmanager
def media_files(settings: Any) -> Iterator[Files]:
    with serve({}) as site:
        settings.CANDY_OUTBOUND_ALLOW = [*settings.CANDY_OUTBOUND_ALLOW, site.host_port]
        yield Files(site)


def sandbox_app(networks: Networks, provider: PublishProvider, **extra: str) -> App:
    base = f"{networks.url}/{provider.key}"
    return App(SANDBOX.client_id, SANDBOX.client_secret, base=base, extra=extra)


def sign_in(
    provider: OAuthProvider, networks: Networks, client: GuardedClient, login: str = "maren"
) -> Connected:
    app = sandbox_app(networks, provider)
    token = Token(access_token=f"sandbox-{login}")
    grant = provider.accounts(token, app=app, host=provider.host(app), client=client)
    return grant.accounts[0]


def context(
    connected: Connected,
    client: GuardedClient,
    content: Content | str,
    *,
    stored: dict[str, str] | None = None,
    role: Role = "post",
    **more: Any,
) -> PublishContext:
    stored = {} if stored is None else stored
    return PublishContext(
        credentials=more.pop("credentials", connected.credentials),
        account=connected.account,
        content=Content(content) if isinstance(content, str) else content,
        key=str(uuid.uuid4()),
        handles={name: value for name, value in stored.items() if value},
        save_handle=stored.__setitem__,
        client=client,
        role=role,
        **more,
    )


def run(provider: PublishProvider, ctx: PublishContext, until: str = "") -> list[str]:
    """Run the stages in order, up to and without `until`, pausing for nothing; returns which ran."""
    ran = []
    for stage in provider.stages_for(ctx.content, ctx.role):
        if stage == until:
            break
        for _ in range(60):
            step = provider.run_stage(stage, ctx)
            if isinstance(step, Done):
                break
            assert isinstance(step, Wait)
        else:
            raise AssertionError(f"{stage} never ends")
        ran.append(stage)
    return ran


def publish_all(
    provider: PublishProvider, connected: Connected, client: GuardedClient, content: Content
) -> list[PublishContext]:
    """Every part in order, each knowing the ones before."""
    done: list[PublishContext] = []
    for part in content.parts():
        ctx = context(
            connected,
            client,
            part.content,
            role=part.role,
            root=done[0].handles if done else {},
            parent=done[-1].handles if done else {},
        )
        run(provider, ctx)
        done.append(ctx)
    return done


def shape(data: Any) -> Any:
    """Names and kinds of an answer, without its values."""
    if isinstance(data, dict):
        return {name: shape(value) for name, value in data.items()}
    if isinstance(data, list):
        return [shape(data[0])] if data else []
    return type(data).__name__


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
