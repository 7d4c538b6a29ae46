"""Addresses below a workspace: ``reverse`` that puts the slug back in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.urls import NoReverseMatch
from django.urls import reverse as django_reverse

from apps.workspaces.tenancy.context import current_workspace

if TYPE_CHECKING:
    from apps.workspaces.models import Workspace

# Whether a view's pattern has the workspace in it; fixed by the urlconf, so learnt once.
_takes_workspace: dict[str, bool] = {}


def reverse(
    viewname: str,
    *,
    args: list[Any] | tuple[Any, ...] = (),
    kwargs: dict[str, Any] | None = None,
    workspace: Workspace | None = None,
) -> str:
    """Path of ``viewname``, with the slug of ``workspace`` or of the current one where it takes one.

    Raises NoReverseMatch for a workspace's page outside of any workspace.
    """
    slug = (workspace or current_workspace() or _NOBODY).slug
    with_slug = {**(kwargs or {}), "workspace": slug} if not args else None
    known = _takes_workspace.get(viewname)
    if known is False or (known is None and slug is None):
        return django_reverse(viewname, args=args or None, kwargs=kwargs)
    try:
        path = (
            django_reverse(viewname, kwargs=with_slug)
            if with_slug is not None
            else django_reverse(viewname, args=[slug, *args])
        )
    except NoReverseMatch:
        if known:
            raise
        path = django_reverse(viewname, args=args or None, kwargs=kwargs)
        _takes_workspace[viewname] = False
        return path
    if slug is None:
        raise NoReverseMatch(f"{viewname} is a page of a workspace, and there is none here.")
    if known is None and not args:
        _takes_workspace[viewname] = True
    return path


def absolute_url(path: str) -> str:
    """``path`` with this installation's public address in front, for mail and workers."""
    return f"{settings.CANDY_PUBLIC_URL}{path}"


class _Nobody:
    slug: str | None = None


_NOBODY = _Nobody()
