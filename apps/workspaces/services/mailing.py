"""Mail to people: one text as plain words and as a page, and what the mail server says of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from smtplib import SMTPException, SMTPRecipientsRefused
from typing import Any

from django.core.mail import EmailMultiAlternatives, get_connection
from django.template.loader import render_to_string

from apps.workspaces.errors import MailFailed, MailRefused


def letter(
    *, to: str, subject: str, template: str, context: Mapping[str, Any]
) -> EmailMultiAlternatives:
    """``template`` names two files: ``<template>.txt`` and ``<template>.html``."""
    values = dict(context)
    message = EmailMultiAlternatives(subject, render_to_string(f"{template}.txt", values), to=[to])
    message.attach_alternative(render_to_string(f"{template}.html", values), "text/html")
    return message


def send(message: EmailMultiAlternatives) -> None:
    """Raises MailFailed (worth another try) and MailRefused (the address is not taken)."""
    try:
        message.send()
    except SMTPRecipientsRefused as error:
        if all(code >= 500 for code, _ in error.recipients.values()):
            raise MailRefused(f"The mail server does not take {message.to[0]}.") from error
        raise MailFailed("The mail server does not take this mail now.") from error
    except (SMTPException, OSError) as error:
        raise MailFailed("The mail server cannot be reached.") from error


def send_all(messages: Iterable[EmailMultiAlternatives]) -> int:
    """All by one connection; returns how many. An address that is not taken keeps no other waiting.

    Raises MailFailed.
    """
    sent = 0
    try:
        with get_connection() as mailer:
            for message in messages:
                message.connection = mailer
                try:
                    send(message)
                except MailRefused:
                    continue
                sent += 1
    except (SMTPException, OSError) as error:
        raise MailFailed("The mail server cannot be reached.") from error
    return sent
