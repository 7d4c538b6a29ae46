"""One publication through a network's adapter, without the engine: for tests of networks."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from io import BytesIO
from typing import Any

from PIL import Image

from apps.integrations.http import GuardedClient
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
        credentials=connected.credentials,
        account=connected.account,
        content=Content(content) if isinstance(content, str) else content,
        key=str(uuid.uuid4()),
        handles={name: value for name, value in stored.items() if value},
        save_handle=stored.__setitem__,
        client=client,
        role=role,
        **more,
    )


def run(provider: PublishProvider, ctx: PublishContext, until: str = "") -> Mapping[str, str]:
    """All stages, or those before `until`; waits without waiting."""
    for stage in provider.stages_for(ctx.content, ctx.role):
        if stage == until:
            break
        for _ in range(40):
            step = provider.run_stage(stage, ctx)
            if isinstance(step, Done):
                break
            assert isinstance(step, Wait)
        else:
            raise AssertionError(f"{stage} never ends")
    return ctx.handles


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
