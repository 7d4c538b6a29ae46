"""Pages about the voice and about models, below ``/w/<slug>/``."""

from __future__ import annotations

from django.urls import path

from apps.agents.web import models_views, voice_views

app_name = "agents"
urlpatterns = [
    path("voice", voice_views.profile, name="voice"),
    path("voice/learn", voice_views.learn, name="voice_learn"),
    path("voice/edit", voice_views.edit, name="voice_edit"),
    path("voice/score", voice_views.score, name="voice_score"),
    path("voice/history", voice_views.history, name="voice_history"),
    path("voice/history/<int:number>", voice_views.version, name="voice_version"),
    path("voice/history/<int:number>/restore", voice_views.restore, name="voice_restore"),
    path("settings/models", models_views.overview, name="models"),
    path("settings/models/add", models_views.add, name="model_add"),
    path("settings/models/budget", models_views.budget, name="model_budget"),
    path("settings/models/<uuid:key_id>/check", models_views.check, name="model_check"),
    path("settings/models/<uuid:key_id>/switch", models_views.switch, name="model_switch"),
    path("settings/models/<uuid:key_id>/remove", models_views.remove, name="model_remove"),
]
