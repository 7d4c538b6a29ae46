"""What can go wrong with workspaces."""

from __future__ import annotations

from apps.errors import Conflict, Gone, PermissionDenied, Unavailable, ValidationFailed


class SlugTaken(Conflict):
    code = "slug_taken"


class SlugInvalid(ValidationFailed):
    code = "slug_invalid"


class ProvisioningFailed(Unavailable):
    code = "provisioning_failed"


class LastOwner(Conflict):
    """A workspace keeps at least one active owner."""

    code = "last_owner"


class AlreadyMember(Conflict):
    code = "already_member"


class InvitationClosed(Gone):
    """The invitation was taken, withdrawn, or has expired; ``code`` says which."""

    code = "invitation_closed"


class WrongPerson(PermissionDenied):
    """The invitation is for another address than those the person has confirmed."""

    code = "invitation_for_somebody_else"


class MailFailed(Unavailable):
    """The mail did not go out; trying again may help."""

    code = "mail_failed"


class MailRefused(ValidationFailed):
    """The mail server knows no such address: trying again does not help."""

    code = "mail_refused"
