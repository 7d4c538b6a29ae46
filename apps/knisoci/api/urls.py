"""Below ``/api/v1/w/<slug>/``."""

from __future__ import annotations

from django.urls import path

from apps.knisoci.api import targets, views

app_name = "knisoci_api"
urlpatterns = [
    path("channels", views.ChannelsView.as_view(), name="channels"),
    path("channels/<uuid:channel_id>", views.ChannelView.as_view(), name="channel"),
    path(
        "channels/<uuid:channel_id>/pause", views.ChannelPauseView.as_view(), name="channel_pause"
    ),
    path(
        "channels/<uuid:channel_id>/resume",
        views.ChannelResumeView.as_view(),
        name="channel_resume",
    ),
    path("posts", views.PostsView.as_view(), name="posts"),
    path("posts/<uuid:post_id>", views.PostView.as_view(), name="post"),
    path("posts/<uuid:post_id>/schedule", views.PostScheduleView.as_view(), name="post_schedule"),
    path(
        "posts/<uuid:post_id>/duplicate", views.PostDuplicateView.as_view(), name="post_duplicate"
    ),
    path(
        "posts/<uuid:post_id>/variants/<uuid:channel_id>",
        views.VariantView.as_view(),
        name="variant",
    ),
    path("targets", targets.TargetsView.as_view(), name="targets"),
    path("targets/<uuid:target_id>", targets.TargetView.as_view(), name="target"),
    path("targets/<uuid:target_id>/receipt", targets.ReceiptView.as_view(), name="receipt"),
    path(
        "targets/<uuid:target_id>/reschedule",
        targets.TargetRescheduleView.as_view(),
        name="target_reschedule",
    ),
    path(
        "targets/<uuid:target_id>/unschedule",
        targets.TargetUnscheduleView.as_view(),
        name="target_unschedule",
    ),
    path(
        "targets/<uuid:target_id>/cancel", targets.TargetCancelView.as_view(), name="target_cancel"
    ),
    path(
        "targets/<uuid:target_id>/publish",
        targets.TargetPublishView.as_view(),
        name="target_publish",
    ),
]
