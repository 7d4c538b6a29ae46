"""What the mail server says of one letter decides about that letter alone."""

from __future__ import annotations

from smtplib import SMTPRecipientsRefused, SMTPServerDisconnected
from typing import Any, ClassVar

import pytest
from django.core import mail
from django.core.mail import EmailMultiAlternatives
from django.core.mail.backends.locmem import EmailBackend

from apps.workspaces.errors import MailFailed, MailRefused
from apps.workspaces.services import mailing


class MailServer(EmailBackend):
    """Raises what `troubles` has for the address."""

    troubles: ClassVar[dict[str, Exception]] = {}

    def send_messages(self, messages: Any) -> int:
        for message in messages:
            if trouble := self.troubles.get(message.to[0]):
                raise trouble
        return super().send_messages(messages)


@pytest.fixture(autouse=True)
def troubles(settings: Any) -> dict[str, Exception]:
    settings.EMAIL_BACKEND = f"{__name__}.MailServer"
    MailServer.troubles = {}
    return MailServer.troubles


def letters(*to: str) -> list[EmailMultiAlternatives]:
    return [EmailMultiAlternatives("News", "Read this.", to=[one]) for one in to]


def refused(to: str, code: int) -> SMTPRecipientsRefused:
    return SMTPRecipientsRefused({to: (code, b"no")})


def test_an_address_that_is_gone_keeps_no_letter_from_others(
    troubles: dict[str, Exception],
) -> None:
    troubles["gone@a.example"] = refused("gone@a.example", 550)
    assert mailing.send_all(letters("one@a.example", "gone@a.example", "two@a.example")) == 2
    assert [one.to for one in mail.outbox] == [["one@a.example"], ["two@a.example"]]


@pytest.mark.parametrize(
    "trouble", [refused("one@a.example", 451), SMTPServerDisconnected(), ConnectionRefusedError()]
)
def test_what_passes_is_worth_another_try(
    troubles: dict[str, Exception], trouble: Exception
) -> None:
    troubles["one@a.example"] = trouble
    with pytest.raises(MailFailed) as caught:
        mailing.send_all(letters("one@a.example"))
    assert caught.value.retryable


def test_one_letter_to_nobody_is_refused(troubles: dict[str, Exception]) -> None:
    troubles["gone@a.example"] = refused("gone@a.example", 550)
    with pytest.raises(MailRefused):
        mailing.send(letters("gone@a.example")[0])
