"""Where allauth asks us: what a new person looks like, where to go next, what is kept and told."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.http import HttpRequest

from apps.accounts.services import people
from apps.workspaces.services import audit

# What happened, by the mail that allauth sends about it.
_AUDITED = {
    "account/email/password_changed": "password.changed",
    "account/email/password_set": "password.set",
    "account/email/password_reset": "password.reset",
    "account/email/email_changed": "email.changed",
    "account/email/email_confirm": "email.confirmed",
    "account/email/email_deleted": "email.removed",
    "mfa/email/totp_activated": "totp.activated",
    "mfa/email/totp_deactivated": "totp.deactivated",
    "mfa/email/recovery_codes_generated": "recovery_codes.generated",
    "mfa/email/webauthn_added": "passkey.added",
    "mfa/email/webauthn_removed": "passkey.removed",
    "socialaccount/email/account_connected": "sign_in.connected",
    "socialaccount/email/account_disconnected": "sign_in.disconnected",
}


class AccountAdapter(DefaultAccountAdapter):
    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "email_password_mismatch": "That email address and password do not go together.",
        "too_many_login_attempts": (
            "Too many attempts. Wait a few minutes, or reset your password."
        ),
        "email_taken": "This address cannot be used here. Choose another one.",
    }

    def clean_email(self, email: str) -> str:
        return email.strip().lower()

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        return people.next_page(user=request.user, session=request.session)

    def get_signup_redirect_url(self, request: HttpRequest) -> str:
        return self.get_login_redirect_url(request)

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        return "/settings/security/"

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        super().send_mail(
            template_prefix, email, {**context, "public_url": settings.CANDY_PUBLIC_URL}
        )

    def send_notification_mail(
        self,
        template_prefix: str,
        user: Any,
        context: dict[str, Any] | None = None,
        email: str | None = None,
    ) -> None:
        """Every change to how a person signs in passes here: tell them, and keep it."""
        action = _AUDITED.get(template_prefix)
        if action is not None:
            audit.record_person(user=user, action=action)
        super().send_notification_mail(template_prefix, user, context, email)


class SocialAccountAdapter(DefaultSocialAccountAdapter):
    def populate_user(self, request: HttpRequest, sociallogin: Any, data: dict[str, Any]) -> Any:
        user = super().populate_user(request, sociallogin, data)
        name = data.get("name") or " ".join(
            part for part in (data.get("first_name"), data.get("last_name")) if part
        )
        user.name = str(name)[:120]
        user.email = user.email.lower()
        return user


class MFAAdapter(DefaultMFAAdapter):
    """Secrets of authenticators and recovery codes lie encrypted in the database (AES-256-GCM)."""

    _PREFIX = "v1:"

    def encrypt(self, text: str) -> str:
        nonce = os.urandom(12)
        sealed = AESGCM(_mfa_key(settings.SECRET_KEY)).encrypt(nonce, text.encode(), b"candy.mfa")
        return self._PREFIX + base64.urlsafe_b64encode(nonce + sealed).decode()

    def decrypt(self, encrypted_text: str) -> str:
        raw = base64.urlsafe_b64decode(encrypted_text.removeprefix(self._PREFIX))
        for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS):
            try:
                opened = AESGCM(_mfa_key(str(secret))).decrypt(raw[:12], raw[12:], b"candy.mfa")
            except InvalidTag:
                continue
            return opened.decode()
        raise ValueError("This secret was sealed with a key that is no longer configured.")


def _mfa_key(secret: str) -> bytes:
    return hmac.new(secret.encode(), b"candy.accounts.mfa", hashlib.sha256).digest()
