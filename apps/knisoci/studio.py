"""What the social suite adds to the shell: places, things to find, channels in the sidebar, cards."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any
from zoneinfo import ZoneInfo

from django.http import HttpRequest

from apps.knisoci import asset_uses, permissions, queries
from apps.knisoci.web import analytics, finding, onboarding, present
from apps.media import usage
from apps.studio import home, navigation
from apps.studio.notifications import Rule, register_rule
from apps.studio.search import SearchSource, register_source
from apps.workspaces.tenancy import reverse

usage.register(asset_uses.uses_of)
navigation.register(
    navigation.NavItem(
        "calendar",
        "Calendar",
        "calendar",
        "knisoci:calendar",
        order=20,
        shortcut="c",
        on_phone=True,
    )
)
navigation.register(
    navigation.NavItem(
        "posts",
        "Posts",
        "square-pen",
        "knisoci:posts",
        order=30,
        shortcut="p",
        on_phone=True,
        match=("knisoci:post", "knisoci:compose", "knisoci:receipt"),
    )
)
navigation.register(
    navigation.NavItem(
        "campaigns",
        "Campaigns",
        "megaphone",
        "knisoci:campaigns",
        order=35,
        match=("knisoci:campaign",),
        keywords="pause resume launch",
    )
)
navigation.register(
    navigation.NavItem(
        "channels",
        "Channels",
        "radio-tower",
        "knisoci:channels",
        order=40,
        match=("knisoci:channel",),
        keywords="accounts networks connect mastodon bluesky slots",
    )
)
navigation.register(
    navigation.NavItem(
        "analytics", "Analytics", "chart-line", "knisoci:analytics", order=50, shortcut="a"
    )
)
navigation.register(
    navigation.NewItem(
        "post",
        "Post",
        "square-pen",
        "knisoci:compose",
        order=10,
        permission=permissions.WRITE,
        shortcut="n",
        is_primary=True,
    )
)


register_source(SearchSource("posts", "Posts", "square-pen", finding.posts, order=10))
register_source(SearchSource("campaigns", "Campaigns", "megaphone", finding.campaigns, order=20))
register_source(SearchSource("channels", "Channels", "radio-tower", finding.channels, order=30))


def _channels(request: HttpRequest) -> Iterable[navigation.SideEntry]:
    for channel in queries.channels():
        health = present.channel_health(channel)
        yield navigation.SideEntry(
            label=channel.name,
            url=reverse("knisoci:channel", kwargs={"channel": channel.pk}),
            tone=health["tone"],
            state=health["label"],
        )


navigation.register(
    navigation.SideSection(
        "channels", "Channels", _channels, order=10, more_url_name="knisoci:channels"
    )
)


def _week(request: Any) -> dict[str, Any]:
    return analytics.overview(7, ZoneInfo(request.user.time_zone))


def _upcoming(request: Any) -> dict[str, Any]:
    return {"upcoming": queries.upcoming(limit=6), "attention": queries.needs_attention(limit=6)}


home.register_block(
    home.Block(
        "setup",
        "knisoci/home/setup.html",
        lambda request: onboarding.overview(),
        order=0,
        width="full",
        permission=permissions.MANAGE_CHANNELS,
        live_kinds="source.* voice.* channel.* campaign.* post.*",
    )
)
home.register_block(
    home.Block(
        "social-week",
        "knisoci/home/week.html",
        _week,
        order=20,
        width="wide",
        live_kinds="post.published metrics.synced",
    )
)
home.register_block(
    home.Block(
        "social-upcoming",
        "knisoci/home/upcoming.html",
        _upcoming,
        order=10,
        width="narrow",
        live_kinds="post.*",
    )
)


def _receipt(event: Any) -> str:
    return reverse("knisoci:receipt", kwargs={"target": event.data["target"]})


def _words(text: str) -> Callable[[Any], str]:
    return lambda event: text


for kind, tone, body in (
    ("post.failed", "danger", "The post is kept. Its receipt says what happened and what to do."),
    (
        "post.unconfirmed",
        "warning",
        "Candy never sends it again by itself. Look, then say what is so.",
    ),
    ("post.flight_red", "danger", "There is time to mend it. Its receipt says what is wrong."),
    ("post.incomplete", "warning", "What is out stays out. Its receipt can send the rest."),
    ("post.moved", "info", "The network takes no more that day."),
):
    register_rule(
        Rule(kind, permissions.PUBLISH, tone=tone, url=_receipt, tell_actor=True,
             body=_words(body))
    )  # fmt: skip
for kind, tone in (("connection.expired", "danger"), ("connection.failed", "warning")):
    register_rule(
        Rule(kind, permissions.MANAGE_CHANNELS, tone=tone, tell_actor=True,
             url=lambda event: reverse("knisoci:channels"))
    )  # fmt: skip
