"""An invitation's mail: sent once it is committed, whatever dies or is down in between."""

from __future__ import annotations

import json
from collections.abc import Callable
from smtplib import SMTPRecipientsRefused, SMTPServerDisconnected
from typing import Any, ClassVar

import pytest
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend
from django.db import transaction
from django.test import Client
from django.utils import timezone

from apps.accounts.models import User
from apps.orchestrator.models import Job
from apps.workspaces.models import DueWork, Invitation
from apps.workspaces.services import invitations
from apps.workspaces.tenancy import workspace_context
from apps.workspaces.types import Actor
from tests.support.jobs import run_waiting

pytestmark = pytest.mark.django_db(transaction=True)
ADDRESS = "new@acme.example"


class MailServer(EmailBackend):
    """Raises ``troubles``, one for each mail, before it takes any."""

    troubles: ClassVar[list[Exception]] = []

    def send_messages(self, messages: Any) -> int:
        if self.troubles:
            raise self.troubles.pop(0)
        return super().send_messages(messages)


@pytest.fixture
def mail_server(settings: Any) -> type[MailServer]:
    settings.EMAIL_BACKEND = f"{__name__}.MailServer"
    MailServer.troubles = []
    return MailServer


@pytest.fixture
def actor(workspace: Any, owner: User, actor_for: Callable[..., Actor]) -> Actor:
    return actor_for(owner, workspace)


def job(workspace: Any) -> Job:
    with workspace_context(workspace):
        return Job.objects.get(action=invitations.SEND)


def retry_now() -> None:
    DueWork.objects.filter(kind="job").update(run_at=timezone.now(), state="ready")


def link() -> str:
    (message,) = mail.outbox
    return next(word for word in message.body.split() if "/invitations/" in word)


def test_the_mail_waits_as_a_job_of_the_same_commit(workspace: Any, actor: Actor) -> None:
    invitations.invite(actor=actor, email=ADDRESS, role="viewer")
    # Were the process killed here, the job would be all that is left: and all that is needed.
    assert mail.outbox == []
    assert job(workspace).state == Job.State.READY
    assert run_waiting() == 1
    (message,) = mail.outbox
    assert (message.to, message.subject) == ([ADDRESS], "Olga invites you to Acme on Candy")
    assert Client().get(link()).status_code == 200
    assert job(workspace).state == Job.State.SUCCEEDED


def test_what_is_not_committed_is_not_sent(actor: Actor) -> None:
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        invitations.invite(actor=actor, email=ADDRESS, role="viewer")
        raise ZeroDivisionError
    assert run_waiting() == 0
    assert (mail.outbox, Invitation.objects.count()) == ([], 0)


def test_a_mail_server_that_is_down_gets_the_same_link_later(
    workspace: Any, actor: Actor, mail_server: type[MailServer]
) -> None:
    mail_server.troubles = [
        ConnectionRefusedError(),
        SMTPServerDisconnected(),
        SMTPRecipientsRefused({ADDRESS: (451, b"greylisted")}),
    ]
    invitation = invitations.invite(actor=actor, email=ADDRESS, role="viewer")
    run_waiting()
    assert job(workspace).error_code == "mail_failed"
    for _ in range(3):
        assert mail.outbox == []
        retry_now()
        run_waiting()
    kept = Invitation.objects.get(pk=invitation.pk)
    assert kept.token_hash == invitation.token_hash
    assert Client().get(link()).status_code == 200


def test_an_address_that_is_refused_is_not_tried_again(
    workspace: Any, actor: Actor, mail_server: type[MailServer]
) -> None:
    mail_server.troubles = [SMTPRecipientsRefused({ADDRESS: (550, b"no such mailbox")})]
    invitations.invite(actor=actor, email=ADDRESS, role="viewer")
    run_waiting()
    failed = job(workspace)
    assert (failed.state, failed.error_code) == (Job.State.FAILED, "mail_refused")
    assert ADDRESS in failed.error_message


def test_a_link_that_leads_nowhere_any_more_is_not_sent(workspace: Any, actor: Actor) -> None:
    first = invitations.invite(actor=actor, email=ADDRESS, role="viewer")
    invitations.resend(actor=actor, invitation_id=first.pk)
    withdrawn = invitations.invite(actor=actor, email="not@acme.example", role="viewer")
    invitations.revoke(actor=actor, invitation_id=withdrawn.pk)
    assert run_waiting() == 3
    assert [message.to for message in mail.outbox] == [[ADDRESS]]
    assert Client().get(link()).status_code == 200


def test_who_asked_may_have_left_meanwhile(workspace: Any, actor: Actor, owner: User) -> None:
    invitations.invite(actor=actor, email=ADDRESS, role="viewer")
    owner.memberships.all().delete()
    run_waiting()
    assert "Olga invites you" in mail.outbox[0].body


def test_no_row_holds_what_opens_the_door(workspace: Any, actor: Actor, settings: Any) -> None:
    invitations.invite(actor=actor, email=ADDRESS, role="viewer")
    run_waiting()
    token = link().rstrip("/").rsplit("/", 1)[-1]
    with workspace_context(workspace):
        rows = [*Job.objects.values(), *Invitation.objects.values()]
    assert token not in json.dumps(rows, default=str)
    seed = job(workspace).input["seed"]
    settings.SECRET_KEY = "somebody-elses"
    assert invitations._token(seed) != token
