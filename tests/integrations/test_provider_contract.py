"""One class for every network: what the engine above may rely on, whatever the network does.

A new provider is covered by adding its connect form to `form_for`.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from apps.integrations import providers
from apps.integrations.http import Exchange, GuardedClient, guarded_client
from apps.integrations.providers.base import (
    Connected,
    Content,
    Done,
    ErrorKind,
    Found,
    MediaItem,
    NotFound,
    ProviderError,
    PublishContext,
    PublishProvider,
    Wait,
)
from tests.support.networks import Networks

from .conftest import form_for

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
    "1f15c4890000000d49444154789c6360606060000000050001a5f64540"
    "0000000049454e44ae426082"
)
# What a scenario does to the publishing call, and whether the post is out afterwards.
OUTCOMES = {
    "accept_then_drop": ({ErrorKind.AMBIGUOUS}, True),
    "error_after_accept": ({ErrorKind.AMBIGUOUS}, True),
    "error_before_accept": ({ErrorKind.AMBIGUOUS, ErrorKind.TRANSIENT_SAFE}, False),
    "rate_limit": ({ErrorKind.RATE_LIMITED}, False),
    "duplicate": ({ErrorKind.DUPLICATE, ErrorKind.VALIDATION}, False),
    "expired": ({ErrorKind.AUTH_EXPIRED, ErrorKind.AUTH_REVOKED}, False),
    "revoked": ({ErrorKind.AUTH_REVOKED}, False),
    "down": ({ErrorKind.AMBIGUOUS, ErrorKind.TRANSIENT_SAFE}, False),
}


def image(number: int = 0) -> MediaItem:
    return MediaItem(f"a{number}", "image/png", len(PNG), 1, 1, f"A picture, {number}", lambda: PNG)


# Networks that people connect by what they type, and that can be read back afterwards: one that
# cannot (Telegram) has a promise of its own, which its own tests hold.
TYPED = [
    network.key
    for network in providers.all_publishers()
    if network.connect_fields and network.capabilities.publishing.promise != "write_only"
]


@pytest.mark.parametrize("key", TYPED)
class TestEveryProvider:
    @pytest.fixture
    def receipt(self) -> list[Exchange]:
        return []

    @pytest.fixture
    def client(self, networks: Networks, receipt: list[Exchange]) -> Iterator[GuardedClient]:
        with guarded_client(record=receipt.append, timeout=10) as client:
            yield client

    @pytest.fixture
    def provider(self, key: str) -> PublishProvider:
        return providers.get(key)

    @pytest.fixture
    def connected(
        self, provider: PublishProvider, networks: Networks, client: GuardedClient
    ) -> Connected:
        return provider.connect(form_for(networks, provider.key), client)

    @staticmethod
    def intent(
        connected: Connected, client: GuardedClient, text: str, **more: Any
    ) -> PublishContext:
        stored: dict[str, str] = more.pop("stored", {})
        content = Content(text, more.pop("media", ()), language="en", options=more.pop("opts", {}))
        return PublishContext(
            credentials=connected.credentials,
            account=connected.account,
            content=content,
            key=more.pop("key", str(uuid.uuid4())),
            handles=dict(stored),
            save_handle=stored.__setitem__,
            client=client,
            **more,
        )

    @staticmethod
    def publish(provider: PublishProvider, ctx: PublishContext) -> None:
        for stage in provider.stages_for(ctx.content, ctx.role):
            for _ in range(20):
                step = provider.run_stage(stage, ctx)
                if isinstance(step, Done):
                    break
                assert isinstance(step, Wait)
            else:
                pytest.fail(f"{stage} never ends")

    @staticmethod
    def let_repeats_through(provider: PublishProvider, networks: Networks) -> None:
        """Where equal posts are refused for a while, let that while pass at the network."""
        seconds = provider.capabilities.publishing.repeats_refused_seconds
        if seconds:
            networks.control(provider.key, scenario="success", clock_offset=seconds + 60)

    # --- Data ------------------------------------------------------------------------------------

    def test_its_data_is_complete(self, provider: PublishProvider) -> None:
        facts = provider.capabilities
        assert facts.provider == provider.key
        assert facts.sources
        assert facts.metrics
        assert len({metric.name for metric in facts.metrics}) == len(facts.metrics)
        assert provider.mutating_stages <= set(provider.stages)
        assert provider.icon.startswith("<svg")
        assert "<script" not in provider.icon
        assert (provider.folder / "README.md").is_file()
        assert (provider.folder / "simulator.py").is_file()
        assert all(field.label and field.name for field in provider.connect_fields)

    # --- Connecting ------------------------------------------------------------------------------

    def test_connecting_names_the_account_and_keeps_secrets_off_the_receipt(
        self,
        provider: PublishProvider,
        connected: Connected,
        client: GuardedClient,
        receipt: list[Exchange],
    ) -> None:
        assert connected.account.remote_id
        assert "maren" in connected.account.handle
        again = provider.verify(connected.credentials, connected.account, client)
        assert again.remote_id == connected.account.remote_id
        secret = [f.name for f in provider.connect_fields if f.kind == "secret"]
        assert secret
        hidden = [
            value
            for value in connected.credentials.values()
            if value not in connected.account.handle and value != connected.account.host
        ]
        assert hidden
        assert not [value for value in hidden if value in repr(receipt)]

    def test_a_wrong_secret_blames_its_field(
        self, provider: PublishProvider, networks: Networks, client: GuardedClient
    ) -> None:
        secret = next(f.name for f in provider.connect_fields if f.kind == "secret")
        with pytest.raises(ProviderError) as caught:
            provider.connect(form_for(networks, provider.key) | {secret: "wrong"}, client)
        assert caught.value.field == secret
        assert "wrong" not in str(caught.value)

    @pytest.mark.parametrize(
        "host", ["http://169.254.169.254", "https://127.0.0.1", "http://0x7f.1/", "not a host"]
    )
    def test_a_hostile_server_address_blames_the_server_field(
        self, provider: PublishProvider, networks: Networks, client: GuardedClient, host: str
    ) -> None:
        with pytest.raises(ProviderError) as caught:
            provider.connect(form_for(networks, provider.key) | {"host": host}, client)
        assert caught.value.field == "host"

    # --- Publishing ------------------------------------------------------------------------------

    def test_text_and_images_go_out_once(
        self,
        provider: PublishProvider,
        networks: Networks,
        connected: Connected,
        client: GuardedClient,
    ) -> None:
        text = (
            "Grüße 👩‍👩‍👧 to all! #slow https://example.com/a(b)?x=1, see you @maren.bsky.sandbox"
        )
        ctx = self.intent(connected, client, text, media=(image(1), image(2)))
        self.publish(provider, ctx)
        assert ctx.handles["remote_id"]
        page = client.get(ctx.handles["permalink"])
        assert page.status_code == 200
        assert "Grüße" in page.text
        assert "A picture, 1" in page.text
        assert networks.posts(provider.key) == 1

    @pytest.mark.parametrize("scenario", OUTCOMES)
    def test_a_fault_leaves_no_doubt_after_reconcile_and_no_double_after_resume(
        self,
        provider: PublishProvider,
        networks: Networks,
        connected: Connected,
        client: GuardedClient,
        scenario: str,
    ) -> None:
        kinds, is_out = OUTCOMES[scenario]
        ctx = self.intent(connected, client, f"Only once, {scenario}")
        provider.run_stage("upload", ctx)
        networks.control(provider.key, scenario=scenario)
        with pytest.raises(ProviderError) as caught:
            provider.run_stage("submit", ctx)
        assert caught.value.kind in kinds
        assert "remote_id" not in ctx.handles
        if caught.value.kind is ErrorKind.RATE_LIMITED:
            assert caught.value.retry_at is not None
        networks.control(provider.key, scenario="success")
        assert networks.posts(provider.key) == int(is_out)
        found = provider.reconcile(ctx)
        assert isinstance(found, Found if is_out else NotFound)
        keyed = provider.capabilities.publishing.promise == "keyed"
        if keyed or isinstance(found, NotFound):
            self.publish(provider, ctx)  # the same key: never a second copy
        assert networks.posts(provider.key) == 1
        if keyed and isinstance(found, Found):
            assert found.remote_id == ctx.handles["remote_id"]

    def test_a_worker_that_died_continues_from_the_stored_handles(
        self,
        provider: PublishProvider,
        networks: Networks,
        connected: Connected,
        client: GuardedClient,
        receipt: list[Exchange],
    ) -> None:
        stored: dict[str, str] = {}
        first = self.intent(connected, client, "Resumed", media=(image(),), stored=stored)
        provider.run_stage("upload", first)
        assert stored == first.handles
        receipt.clear()
        second = self.intent(
            connected, client, "Resumed", media=(image(),), stored=stored, key=first.key
        )
        self.publish(provider, second)
        assert sum(line.method == "POST" for line in receipt) == 1, "the image is not sent again"
        assert networks.posts(provider.key) == 1

    def test_two_equal_texts_are_two_posts_and_reconcile_tells_them_apart(
        self,
        provider: PublishProvider,
        networks: Networks,
        connected: Connected,
        client: GuardedClient,
    ) -> None:
        one = self.intent(connected, client, "Good morning")
        self.publish(provider, one)
        claimed = {one.handles["remote_id"]}
        self.let_repeats_through(provider, networks)
        two = self.intent(connected, client, "Good morning", is_claimed=claimed.__contains__)
        provider.run_stage("upload", two)
        assert isinstance(provider.reconcile(two), NotFound)
        self.publish(provider, two)
        assert networks.posts(provider.key) == 2
        assert two.handles["remote_id"] not in claimed

    def test_slow_processing_is_waited_for(
        self,
        provider: PublishProvider,
        networks: Networks,
        connected: Connected,
        client: GuardedClient,
    ) -> None:
        networks.control(provider.key, scenario="slow", seconds=0.3)
        ctx = self.intent(connected, client, "Patience", media=(image(),))
        step = provider.run_stage("upload", ctx)
        if isinstance(step, Wait):
            assert step.seconds > 0
            networks.control(provider.key, scenario="slow", seconds=0.3, clock_offset=5)
        self.publish(provider, ctx)
        assert networks.posts(provider.key) == 1

    # --- Checking --------------------------------------------------------------------------------

    def test_the_counter_agrees_with_the_network(
        self,
        provider: PublishProvider,
        networks: Networks,
        connected: Connected,
        client: GuardedClient,
    ) -> None:
        """Exactly at the limit goes out; one more is an error here and a refusal there."""
        lead = "👩‍👩‍👧 https://example.com/x "
        room = provider.count(lead, connected.account).left
        full = lead + "ü" * room
        assert provider.count(full, connected.account).left == 0
        assert not [
            i for i in provider.validate(Content(full), connected.account) if i.level == "error"
        ]
        self.publish(provider, self.intent(connected, client, full))
        over = full + "ü"
        issues = provider.validate(Content(over), connected.account)
        assert [i.code for i in issues if i.level == "error"] == ["text.too_long"]
        with pytest.raises(ProviderError) as caught:
            self.publish(provider, self.intent(connected, client, over))
        assert caught.value.kind is ErrorKind.VALIDATION
        assert networks.posts(provider.key) == 1

    def test_content_that_the_network_would_refuse_is_found_before(
        self, provider: PublishProvider, connected: Connected
    ) -> None:
        rules = provider.capabilities.images
        bad = {
            "text.empty": Content("  "),
            "media.too_many": Content("x", tuple(image(n) for n in range(rules.max_count + 1))),
            "media.kind": Content("x", (MediaItem("a", "image/tiff", 9, 1, 1, "alt", bytes),)),
            "media.too_large": Content(
                "x", (MediaItem("a", "image/png", rules.max_bytes + 1, 1, 1, "alt", bytes),)
            ),
        }
        for code, content in bad.items():
            found = provider.validate(content, connected.account)
            assert code in [i.code for i in found if i.level == "error"]
        bare = Content("x", (MediaItem("a", "image/png", 9, 1, 1, "", bytes),))
        assert [i.level for i in provider.validate(bare, connected.account)] == ["warning"]

    # --- Numbers ---------------------------------------------------------------------------------

    def test_numbers_grow_and_a_post_that_is_gone_is_left_out(
        self,
        provider: PublishProvider,
        networks: Networks,
        connected: Connected,
        client: GuardedClient,
    ) -> None:
        ctx = self.intent(connected, client, "Count me")
        self.publish(provider, ctx)
        mine = ctx.handles["remote_id"]
        ids = [mine, mine[:-2] + "zz"]

        def read() -> dict[str, dict[str, int]]:
            return provider.metrics(connected.credentials, connected.account, ids, client)

        first = read()
        networks.control(provider.key, clock_offset=3600)
        later = read()
        assert set(first) == set(later) == {mine}
        assert set(later[mine]) == {m.name for m in provider.capabilities.metrics}
        assert sum(later[mine].values()) > sum(first[mine].values())
        assert all(later[mine][name] >= value for name, value in first[mine].items())

    def test_the_network_counts_a_double_when_there_is_one(
        self,
        provider: PublishProvider,
        networks: Networks,
        connected: Connected,
        client: GuardedClient,
    ) -> None:
        """The negative control: the counter that proves 0 doubled can see 1."""
        for _ in range(2):
            self.publish(provider, self.intent(connected, client, "Twice"))
            self.let_repeats_through(provider, networks)
        assert sum(networks.state(provider.key)["duplicates"].values()) == 1
