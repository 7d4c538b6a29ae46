"""Offers to join a workspace, by mail.

The link's token is shown to nobody but the mailbox it goes to, and only its SHA-256 is kept. So who
holds the token has proved the address, and a sign-up through it needs no second confirmation.

The mail goes out by a Job of the same commit. That knows the token's ``seed``, which is worth nothing
without the installation's secret key, so each attempt sends the same link.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
from datetime import timedelta
from typing import TYPE_CHECKING

from allauth.account.models import EmailAddress
from django.core.exceptions import ValidationError
from django.core.mail import EmailMultiAlternatives
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import salted_hmac

from apps.errors import NotFound, ValidationFailed
from apps.workspaces import limits, permissions
from apps.workspaces.errors import (
    AlreadyMember,
    InvitationClosed,
    WrongPerson,
)
from apps.workspaces.models import Invitation, Membership, Workspace
from apps.workspaces.services import audit, later, mailing, roles
from apps.workspaces.services.announce import announce
from apps.workspaces.tenancy.urls import absolute_url
from apps.workspaces.types import Actor

if TYPE_CHECKING:
    from apps.accounts.models import User

VALID_FOR = timedelta(days=7)
SEND = "members.send_invitation"


def invite(*, actor: Actor, email: str, role: str) -> Invitation:
    """Offer ``role`` to whoever reads ``email``; an open invitation is renewed and sent again.

    Announces ``member.invited``; a Job sends the mail. Raises ValidationFailed, AlreadyMember,
    PermissionDenied (also for a role beyond the actor's own), LimitExceeded.
    """
    actor.require(permissions.MANAGE_MEMBERS)
    address = _checked(email)
    seed = secrets.token_urlsafe(16)
    with transaction.atomic():
        workspace = Workspace.objects.select_for_update(no_key=True).get(pk=actor.workspace_id)
        chosen = roles.get(workspace_id=workspace.pk, key=role)
        roles.check_may_handle(actor=actor, role=chosen)
        if Membership.objects.filter(workspace=workspace, user__email=address).exists():
            raise AlreadyMember(f"{address} is a member already.", field="email")
        taken = Membership.objects.filter(workspace=workspace).count()
        limits.check(workspace_id=workspace.pk, meter="members", used=taken)
        invitation, _ = Invitation.objects.update_or_create(
            workspace=workspace,
            email=address,
            accepted_at=None,
            revoked_at=None,
            defaults={
                "role": chosen,
                "token_hash": digest(_token(seed)),
                "invited_by_id": actor.user_id,
                "created_at": timezone.now(),
                "expires_at": timezone.now() + VALID_FOR,
            },
        )
        announce(
            actor=actor,
            workspace=workspace,
            kind="member.invited",
            subject=("invitation", str(invitation.pk)),
            summary=f"{address} was invited",
            data={"email": address, "role": chosen.key},
        )
        audit.record(
            actor=actor,
            action="member.invited",
            subject=("invitation", str(invitation.pk)),
            label=address,
            change={"role": [None, chosen.key]},
        )
        later.leave(
            workspace=workspace,
            action=SEND,
            input={"invitation_id": invitation.pk, "seed": seed},
            subject=("invitation", str(invitation.pk)),
            label=actor.label,
        )
    return invitation


def resend(*, actor: Actor, invitation_id: int) -> Invitation:
    """Send a fresh link; the one sent before stops working. Raises as ``invite`` does."""
    actor.require(permissions.MANAGE_MEMBERS)
    invitation = _open(actor.workspace_id, invitation_id)
    return invite(actor=actor, email=invitation.email, role=invitation.role.key)


def send(*, workspace: Workspace, invitation_id: int, seed: str, inviter: str) -> bool:
    """Mail the link; False where it leads nowhere any more (used, withdrawn, expired, sent anew).

    Raises MailFailed (worth another try) and MailRefused (the address is not taken).
    """
    token = _token(seed)
    invitation = (
        Invitation.objects.select_related("role")
        .filter(workspace=workspace, pk=invitation_id, token_hash=digest(token))
        .filter(accepted_at=None, revoked_at=None, expires_at__gt=timezone.now())
        .first()
    )
    if invitation is None:
        return False
    mailing.send(_mail(invitation, workspace, token, inviter))
    return True


def revoke(*, actor: Actor, invitation_id: int) -> None:
    """Withdraw an invitation. Raises NotFound when it is no longer open."""
    actor.require(permissions.MANAGE_MEMBERS)
    with transaction.atomic():
        invitation = _open(actor.workspace_id, invitation_id, lock=True)
        invitation.revoked_at = timezone.now()
        invitation.save(update_fields=["revoked_at"])
        audit.record(
            actor=actor,
            action="invitation.revoked",
            subject=("invitation", str(invitation.pk)),
            label=invitation.email,
        )


def by_token(*, token: str) -> Invitation:
    """The open invitation of a link. Raises NotFound, or InvitationClosed that says why it is closed."""
    return _checked_open(
        Invitation.objects.select_related("workspace", "role", "invited_by")
        .filter(token_hash=digest(token))
        .first()
    )


def accept(*, user: User, token: str) -> Membership:
    """Let ``user`` in. Their confirmed addresses must hold the one that was invited.

    Locks the invitation. Announces ``member.joined``. Raises as ``by_token`` does, WrongPerson, and
    AlreadyMember (the invitation is used up then as well).
    """
    with transaction.atomic():
        invitation = _checked_open(
            Invitation.objects.select_for_update(of=("self",))
            .select_related("workspace", "role", "invited_by")
            .filter(token_hash=digest(token))
            .first()
        )
        if not is_for(invitation=invitation, user=user):
            raise WrongPerson(
                f"This invitation is for {invitation.email}. Sign in with that address.",
                params={"email": invitation.email},
            )
        workspace = invitation.workspace
        invitation.accepted_at = timezone.now()
        invitation.save(update_fields=["accepted_at"])
        existing = Membership.objects.filter(workspace=workspace, user=user).first()
        if existing is not None:
            return existing
        try:
            with transaction.atomic():
                membership = Membership.objects.create(
                    workspace=workspace, user=user, role=invitation.role
                )
        except IntegrityError as error:  # joined on another way at the same moment
            raise AlreadyMember("You are a member already.") from error
        actor = Actor.member(membership, roles.permissions_of(invitation.role))
        announce(
            actor=actor,
            workspace=workspace,
            kind="member.joined",
            subject=("member", str(user.pk)),
            summary=f"{user.display_name} joined",
            data={"user_id": user.pk, "role": invitation.role.key},
        )
        audit.record(
            actor=actor,
            action="member.joined",
            subject=("member", str(user.pk)),
            label=user.email,
            change={"role": [None, invitation.role.key], "invitation": invitation.pk},
        )
    return membership


def is_for(*, invitation: Invitation, user: User) -> bool:
    """Whether ``user`` has confirmed the invited address."""
    return EmailAddress.objects.filter(
        user=user, verified=True, email__iexact=invitation.email
    ).exists()


def digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _checked(email: str) -> str:
    address = email.strip().lower()
    try:
        validate_email(address)
    except ValidationError as error:
        raise ValidationFailed("This is not an email address.", field="email") from error
    return address


def _checked_open(invitation: Invitation | None) -> Invitation:
    if invitation is None or invitation.workspace.state != Workspace.State.READY:
        raise NotFound("There is no such invitation. Ask for a new one.")
    if invitation.accepted_at is not None:
        raise InvitationClosed("This invitation was used already.", code="invitation_used")
    if invitation.revoked_at is not None:
        raise InvitationClosed("This invitation was withdrawn.", code="invitation_revoked")
    if invitation.is_expired:
        raise InvitationClosed(
            "This invitation has expired. Ask for a new one.", code="invitation_expired"
        )
    return invitation


def _open(workspace_id: int, invitation_id: int, *, lock: bool = False) -> Invitation:
    found = Invitation.objects.select_related("role")
    if lock:
        found = found.select_for_update(of=("self",))
    invitation = found.filter(
        workspace_id=workspace_id, pk=invitation_id, accepted_at=None, revoked_at=None
    ).first()
    if invitation is None:
        raise NotFound("There is no such open invitation.")
    return invitation


def _token(seed: str) -> str:
    made = salted_hmac("workspaces.invitation", seed, algorithm="sha256").digest()
    return base64.urlsafe_b64encode(made).decode().rstrip("=")


def _mail(
    invitation: Invitation, workspace: Workspace, token: str, inviter: str
) -> EmailMultiAlternatives:
    context = {
        "invitation": invitation,
        "workspace": workspace,
        "inviter": inviter,
        "url": absolute_url(reverse("workspaces_public:invitation", args=[token])),
    }
    return mailing.letter(
        to=invitation.email,
        subject=f"{inviter} invites you to {workspace.name} on Candy",
        template="workspaces/email/invitation",
        context=context,
    )
