"""Pages of the social suite, below ``/w/<slug>/``."""

from __future__ import annotations

from django.urls import path

from apps.knisoci.web import (
    analytics,
    attaching,
    calendar,
    campaigns,
    channels,
    compose,
    connecting,
    onboarding,
    posts,
)

app_name = "knisoci"

urlpatterns = [
    path("compose/", compose.new, name="compose"),
    path("compose/save/", compose.save, name="compose_save"),
    path("compose/schedule/", compose.schedule, name="compose_schedule"),
    path("compose/tile/", attaching.tile, name="compose_tile"),
    path("compose/library/", attaching.picker, name="compose_picker"),
    path("compose/own/<uuid:channel>/", compose.own, name="compose_own"),
    path("compose/suggest/", compose.suggest, name="compose_suggest"),
    path("posts/", posts.index, name="posts"),
    path("posts/<uuid:post>/", posts.detail, name="post"),
    path("posts/<uuid:post>/edit/", compose.edit, name="post_edit"),
    path("posts/<uuid:post>/check/", compose.check, name="post_check"),
    path("posts/<uuid:post>/duplicate/", posts.duplicate, name="post_duplicate"),
    path("posts/<uuid:post>/delete/", posts.delete, name="post_delete"),
    path("publications/<uuid:target>/", posts.receipt, name="receipt"),
    path(
        "publications/<uuid:target>/approvals/<uuid:approval>.png",
        posts.approval_picture,
        name="approval_picture",
    ),
    path("publications/<uuid:target>/move/", calendar.move, name="target_move"),
    path("publications/<uuid:target>/<slug:verb>/", posts.act, name="target_act"),
    path("campaigns/", campaigns.index, name="campaigns"),
    path("campaigns/<uuid:campaign>/", campaigns.detail, name="campaign"),
    path("campaigns/<uuid:campaign>/<slug:verb>/", campaigns.act, name="campaign_act"),
    path("calendar/", calendar.page, name="calendar"),
    path("calendar/feed/", calendar.feed, name="calendar_feed"),
    path("channels/", channels.index, name="channels"),
    path("channels/connect/<slug:provider>/", connecting.connect, name="channel_connect"),
    path("channels/stop/", channels.stop, name="publishing_stop"),
    path("channels/<uuid:channel>/", channels.detail, name="channel"),
    path("channels/<uuid:channel>/<slug:verb>/", channels.act, name="channel_act"),
    path("analytics/", analytics.page, name="analytics"),
    path("start/", onboarding.resume, name="onboarding"),
    path("start/<slug:step>/", onboarding.step, name="onboarding_step"),
]
