"""Below ``/api/v1/w/<slug>/``."""

from __future__ import annotations

from django.urls import path

from apps.knisoci.api import social, targets, views

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
    path("targets/<uuid:target_id>/flight", targets.FlightView.as_view(), name="target_flight"),
    path(
        "targets/<uuid:target_id>/approvals/<uuid:approval_id>/picture",
        targets.ApprovalPictureView.as_view(),
        name="approval_picture",
    ),
    path(
        "targets/<uuid:target_id>/confirm",
        targets.TargetConfirmView.as_view(),
        name="target_confirm",
    ),
    path("targets/<uuid:target_id>/check", targets.TargetCheckView.as_view(), name="target_check"),
    path(
        "targets/<uuid:target_id>/send-rest",
        targets.TargetSendRestView.as_view(),
        name="target_send_rest",
    ),
    path("targets/<uuid:target_id>/hold", targets.TargetHoldView.as_view(), name="target_hold"),
    path(
        "targets/<uuid:target_id>/release",
        targets.TargetReleaseView.as_view(),
        name="target_release",
    ),
    path(
        "targets/<uuid:target_id>/approve",
        targets.TargetApproveView.as_view(),
        name="target_approve",
    ),
    path("social/publish", social.PublishView.as_view(), name="publish"),
    path("social/stop", social.StopView.as_view(), name="stop"),
    path("social/resume", social.ResumeView.as_view(), name="resume"),
    path("social/budget", social.BudgetView.as_view(), name="budget"),
    path("campaigns", social.CampaignsView.as_view(), name="campaigns"),
    path(
        "campaigns/<uuid:campaign_id>/pause",
        social.CampaignPauseView.as_view(),
        name="campaign_pause",
    ),
    path(
        "campaigns/<uuid:campaign_id>/resume",
        social.CampaignResumeView.as_view(),
        name="campaign_resume",
    ),
]
