"""Below ``/api/v1/w/<slug>/``."""

from __future__ import annotations

from django.urls import path

from apps.integrations.api import views

app_name = "integrations_api"
_ONE = "social/connections/<uuid:connection_id>"
urlpatterns = [
    path("social/networks", views.NetworksView.as_view(), name="networks"),
    path("social/connect/<slug:provider>", views.ConnectView.as_view(), name="connect"),
    path("social/connections", views.ConnectionsView.as_view(), name="connections"),
    path(_ONE, views.ConnectionView.as_view(), name="connection"),
    path(f"{_ONE}/check", views.CheckView.as_view(), name="connection_check"),
    path(f"{_ONE}/reconnect", views.ReconnectView.as_view(), name="connection_reconnect"),
    path("social/sign-ins/<uuid:sign_in_id>", views.OfferView.as_view(), name="offer"),
    path("social/sign-ins/<uuid:sign_in_id>/pick", views.PickView.as_view(), name="pick"),
]
