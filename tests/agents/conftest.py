"""Fixtures for voice, writing and models. No test may reach a real model."""

from __future__ import annotations

import pytest
from pydantic_ai import models

models.ALLOW_MODEL_REQUESTS = False


@pytest.fixture
def actor(in_workspace, owner, actor_for):
    return actor_for(owner, in_workspace)


@pytest.fixture
def allow_scripted_models(monkeypatch):
    """The scripted server is on this machine; everything else stays forbidden by the guard."""
    monkeypatch.setattr(models, "ALLOW_MODEL_REQUESTS", True)
