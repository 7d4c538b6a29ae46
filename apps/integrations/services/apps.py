"""Which app Candy is at a network: the sandbox's, the workspace's own, or the installation's."""

from __future__ import annotations

from django.conf import settings

from apps.integrations.errors import AppMissing
from apps.integrations.providers.base import App, PublishProvider

SANDBOX = App("candy-sandbox", "candy-sandbox-secret")


def app_for(network: PublishProvider, *, sandbox: bool) -> App:
    """The app to sign in and refresh with. Raises AppMissing where nobody has set one up.

    Networks without central apps (`app_fields` empty) get an empty one.
    """
    if sandbox:
        return App(
            SANDBOX.client_id,
            SANDBOX.client_secret,
            base=f"{settings.CANDY_SANDBOX_URL}/{network.key}" if network.hosts else "",
        )
    if not network.app_fields:
        return App("")
    found = settings.CANDY_APPS.get(network.key)
    if not found:
        raise AppMissing(
            f"Candy has no app at {network.name} yet. An administrator can add one in the settings."
        )
    known = dict(found)
    return App(known.pop("client_id"), known.pop("client_secret", ""), extra=known)
