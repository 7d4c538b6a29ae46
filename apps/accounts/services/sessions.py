"""Signing browsers out from afar. Effective on their next request: the session itself is deleted."""

from __future__ import annotations

from allauth.usersessions.models import UserSession
from django.db import transaction

from apps.accounts.models import User
from apps.errors import NotFound
from apps.workspaces.services import audit


def end(*, user: User, session_id: int) -> None:
    """Sign out one of ``user``'s sessions. Raises NotFound, also for somebody else's."""
    session = UserSession.objects.filter(user=user, pk=session_id).first()
    if session is None:
        raise NotFound("That session has ended already.")
    with transaction.atomic():
        session.end()
        audit.record_person(user=user, action="session.ended", change={"address": session.ip})


def end_others(*, user: User, keep: str) -> int:
    """Sign out every session but the one with key ``keep``; returns how many."""
    others = list(UserSession.objects.filter(user=user).exclude(session_key=keep))
    with transaction.atomic():
        for session in others:
            session.end()
        if others:
            audit.record_person(user=user, action="session.ended", change={"count": len(others)})
    return len(others)
