"""Keys to models: sealed, checked, routed in order, and never shown again."""

from __future__ import annotations

import pytest
from django.db import connection

from apps.agents.llm.routing import models_for
from apps.agents.llm.types import Purpose
from apps.agents.models import ModelKey, ModelUsage
from apps.agents.services import model_keys
from apps.errors import DomainError, PermissionDenied
from tests.support.openai_server import Reply, scripted_model

pytestmark = pytest.mark.django_db

SECRET = "sk-proj-Canary0123456789Canary"


def add(actor, **changes):
    values = {"provider": "openai", "model": "gpt-5-mini", "api_key": SECRET}
    return model_keys.add(actor=actor, **{**values, **changes})


def test_a_key_is_sealed_in_the_database_and_opens_again(actor):
    key = add(actor)
    with connection.cursor() as cursor:
        cursor.execute("SELECT agents_modelkey::text FROM agents_modelkey")
        row = cursor.fetchone()[0]
    assert SECRET not in row
    assert SECRET.encode().hex() not in row
    assert model_keys.unseal(ModelKey.objects.get()) == SECRET
    assert key.hint == SECRET[-4:]


def test_a_sealed_key_moved_to_another_row_does_not_open(actor):
    first, second = add(actor), add(actor, api_key="sk-other-0123456789abcdef")
    ModelKey.objects.filter(pk=second.pk).update(sealed=bytes(first.sealed))
    with pytest.raises(DomainError):
        model_keys.unseal(ModelKey.objects.get(pk=second.pk))


def test_routes_follow_position_skip_what_is_off_and_end_with_the_installation(actor, settings):
    settings.CANDY_LLM_MODELS = ["anthropic:claude-haiku-4-5", "google:without-key"]
    settings.CANDY_LLM_ANTHROPIC_KEY = "installation"
    add(actor, model="one")
    off = add(actor, model="two")
    only_checks = add(actor, model="three")
    model_keys.set_enabled(actor=actor, key_id=off.pk, enabled=False)
    ModelKey.objects.filter(pk=only_checks.pk).update(purposes=["check_key"])
    route = models_for(Purpose.WRITE)
    assert [ref.label for ref in route] == ["openai:one", "anthropic:claude-haiku-4-5"]
    assert models_for(Purpose.REPAIR) == route
    assert SECRET not in repr(route)


def test_checking_a_key_asks_the_model_and_keeps_what_went_wrong(
    actor, settings, allow_scripted_models
):
    with scripted_model(Reply(status=401), Reply({"ok": True})) as server:
        settings.CANDY_OUTBOUND_ALLOW = [server.host_port]
        key = add(actor, base_url=server.url)
        assert "refused the key" in model_keys.check(actor=actor, key_id=key.pk).last_error
        assert model_keys.check(actor=actor, key_id=key.pk).last_error == ""
    assert server.keys == [SECRET, SECRET]
    assert ModelUsage.objects.filter(purpose="check_key", key=key).count() == 2


def test_a_typed_private_address_is_not_called(actor, allow_scripted_models, monkeypatch):
    monkeypatch.setattr("apps.agents.llm.asking._pause", lambda seconds: None)
    with scripted_model(Reply({"ok": True})) as server:
        key = add(actor, base_url=server.url)
        assert model_keys.check(actor=actor, key_id=key.pk).last_error
    assert server.requests == []


def test_a_removed_key_leaves_its_lines_in_the_ledger(actor, settings, allow_scripted_models):
    with scripted_model(Reply({"ok": True})) as server:
        settings.CANDY_OUTBOUND_ALLOW = [server.host_port]
        key = add(actor, base_url=server.url)
        model_keys.check(actor=actor, key_id=key.pk)
    model_keys.remove(actor=actor, key_id=key.pk)
    assert ModelUsage.objects.get().key_id is None


def test_only_those_who_manage_models_may(in_workspace, contributor, actor_for):
    with pytest.raises(PermissionDenied):
        add(actor_for(contributor, in_workspace))
    assert not ModelKey.objects.exists()


def test_events_name_the_model_and_never_the_key(actor):
    from apps.orchestrator.models import Event

    add(actor)
    event = Event.objects.get(kind="model_key.added")
    assert SECRET[:10] not in str(event.data) + event.summary
    assert event.data == {"provider": "openai", "model": "gpt-5-mini"}
