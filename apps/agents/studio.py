"""Voice and models in the shell."""

from __future__ import annotations

from apps.agents import permissions
from apps.studio import navigation, settings_pages
from apps.studio.navigation import NavItem
from apps.studio.notifications import Rule, register_rule
from apps.studio.settings_pages import SettingsPage
from apps.workspaces.tenancy import reverse

navigation.register(
    NavItem("voice", "Voice", "audio-lines", "agents:voice", order=710,
            permission=permissions.VIEW_VOICE, shortcut="v", match=("agents:voice",),
            keywords="tone score style words brand")
)  # fmt: skip
settings_pages.register(
    SettingsPage("models", "Models and budget", "sparkles", "agents:models", order=40,
                 permission=permissions.MANAGE_MODELS, match=("agents:model",))
)  # fmt: skip
register_rule(
    Rule("voice.learned", permissions.EDIT_VOICE, tone="success", tell_actor=True,
         url=lambda event: reverse("agents:voice"))
)  # fmt: skip
