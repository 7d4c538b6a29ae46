"""The simulated networks as a server, and an account on each."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.networks import Networks, running_networks


@pytest.fixture(scope="session")
def _networks() -> Iterator[Networks]:
    with running_networks() as networks:
        yield networks


@pytest.fixture
def networks(_networks: Networks, settings: Any) -> Iterator[Networks]:
    """Empty feeds, every call succeeds, and the outbound client may reach them."""
    settings.CANDY_OUTBOUND_ALLOW = [f"127.0.0.1:{_networks.port}"]
    settings.CANDY_SANDBOX_URL = _networks.url
    assert _networks.sandbox is not None
    for key in _networks.sandbox.simulators:
        _networks.control(key, scenario="success", reset=True, seed=1)
    yield _networks
    for key in _networks.sandbox.simulators:
        _networks.control(key, scenario="success")


def form_for(networks: Networks, provider: str, login: str = "maren") -> dict[str, str]:
    """What a person types to connect `login` at the simulated network."""
    forms: dict[str, dict[str, Any]] = {
        "mastodon": {"token": f"sandbox-{login}"},
        "bluesky": {"handle": login, "password": "sandbox-pass"},
        "discord": {"token": f"sandbox-{login}", "channel": login},
        "slack": {"token": f"sandbox-{login}", "channel": f"#{login}"},
        "telegram": {"token": f"sandbox-{login}", "chat": f"@{login}"},
        "x": {
            "api_key": "candy-sandbox",
            "api_key_secret": "candy-sandbox-secret",
            "access_token": f"sandbox-{login}",
            "access_token_secret": "sandbox-secret",
        },
    }
    return {"host": f"{networks.url}/{provider}", **forms[provider]}
