"""Making and moving workspaces between their states.

A workspace comes out of the pool (one UPDATE) where the pool has one, else by replaying the
template's dump.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from apps.workspaces.errors import ProvisioningFailed, SlugInvalid, SlugTaken
from apps.workspaces.models import Membership, Role, SchemaDump, SlugHistory, Workspace
from apps.workspaces.tenancy import provision
from apps.workspaces.tenancy.context import public_context

if TYPE_CHECKING:
    from apps.accounts.models import User

SYSTEM_SLUG = "system"
RESERVED_SLUGS = frozenset(
    [
        "accounts",
        "admin",
        "api",
        "app",
        "assets",
        "candy",
        "connect",
        "design",
        "docs",
        "help",
        "livez",
        "login",
        "logout",
        "media",
        "metrics",
        "mcp",
        "new",
        "readyz",
        "sandbox",
        "settings",
        "signup",
        "static",
        "status",
        "support",
        "system",
        "w",
        "webhooks",
        "ws",
        "www",
    ]
)
_SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,46}[a-z0-9])?")


def create_workspace(
    *, owner: User, name: str, slug: str, time_zone: str = "UTC", is_sandbox: bool = False
) -> Workspace:
    """A ready workspace with ``owner`` in it.

    Raises SlugInvalid, SlugTaken (also for another workspace's former slug), ProvisioningFailed.
    """
    slug = check_slug(slug)
    with public_context():
        try:
            workspace = _claim_from_pool(name, slug, time_zone, is_sandbox) or _create_by_replay(
                name, slug, time_zone, is_sandbox
            )
        except IntegrityError as error:
            raise SlugTaken(f"The address “{slug}” is taken.", field="slug") from error
        with transaction.atomic():
            Membership.objects.create(workspace=workspace, user=owner, role=builtin_role("owner"))
            workspace.state = Workspace.State.READY
            workspace.state_changed_at = timezone.now()
            workspace.save(update_fields=["state", "state_changed_at"])
    return workspace


def check_slug(slug: str) -> str:
    """``slug`` tidied up. Raises SlugInvalid or SlugTaken, both with the field named."""
    slug = slug.strip().lower()
    if not _SLUG.fullmatch(slug):
        raise SlugInvalid(
            "Use 1 to 48 letters, digits and hyphens; begin and end with a letter or digit.",
            field="slug",
        )
    if slug in RESERVED_SLUGS:
        raise SlugInvalid(
            f"“{slug}” is kept for Candy itself. Choose another address.", field="slug"
        )
    if (
        Workspace.objects.filter(slug=slug).exists()
        or SlugHistory.objects.filter(slug=slug).exists()
    ):
        raise SlugTaken(f"The address “{slug}” is taken.", field="slug")
    return slug


def builtin_role(key: str) -> Role:
    return Role.objects.get(workspace=None, key=key)


def ensure_system_workspace() -> Workspace:
    """Make the system workspace where there is none yet."""
    existing = Workspace.objects.filter(is_system=True).first()
    if existing is not None:
        return existing
    workspace = _create_by_replay("Candy", SYSTEM_SLUG, "UTC", False)
    workspace.is_system = True
    workspace.state = Workspace.State.READY
    workspace.save(update_fields=["is_system", "state"])
    return workspace


def refill_pool(*, size: int) -> int:
    """Bring the pool to ``size`` ready schemas; returns how many were made. Safe to run side by side."""
    made = 0
    with public_context():
        while _add_to_pool(size):
            made += 1
    return made


def _add_to_pool(size: int) -> bool:
    """Row and schema appear together, so nobody claims one half made; False where the pool is full."""
    with transaction.atomic():
        with connection.cursor() as cursor:  # one at a time, or two would both make the last one
            cursor.execute("SELECT pg_advisory_xact_lock(hashtext('candy.pool'))")
        if Workspace.objects.filter(state=Workspace.State.POOL).count() >= size:
            return False
        workspace = _new_row(Workspace.State.POOL, None, "", "UTC", False)
        provision.replay(template_sql(), workspace.schema_name)
    return True


def template_sql() -> str:
    """The dump of the template for the code that is running. Raises ProvisioningFailed without one."""
    digest = provision.leaves_digest()
    sql = SchemaDump.objects.filter(digest=digest).values_list("sql", flat=True).first()
    if sql is None:
        raise ProvisioningFailed(
            "The template schema is not ready for this version: run `manage.py prepare`."
        )
    return sql


def rebuild_template() -> bool:
    """Migrate the template schema and keep its dump; False where that is done already."""
    digest = provision.leaves_digest()
    with public_context():
        if SchemaDump.objects.filter(digest=digest).exists():
            return False
        with connection.cursor() as cursor:  # one builder at a time; others wait and find it done
            cursor.execute("SELECT pg_advisory_lock(hashtext('candy.template'))")
            try:
                if SchemaDump.objects.filter(digest=digest).exists():
                    return False
                provision.migrate_schema(provision.TEMPLATE_SCHEMA)
                sql = provision.dump_schema(provision.TEMPLATE_SCHEMA)
                SchemaDump.objects.create(digest=digest, sql=sql)
            finally:
                cursor.execute("SELECT pg_advisory_unlock(hashtext('candy.template'))")
    return True


def _claim_from_pool(name: str, slug: str, time_zone: str, is_sandbox: bool) -> Workspace | None:
    with transaction.atomic():
        workspace = (
            Workspace.objects.select_for_update(skip_locked=True)
            .filter(state=Workspace.State.POOL)
            .order_by("id")
            .first()
        )
        if workspace is None:
            return None
        workspace.name, workspace.slug = name, slug
        workspace.time_zone, workspace.is_sandbox = time_zone, is_sandbox
        workspace.state = Workspace.State.PROVISIONING
        workspace.state_changed_at = workspace.created_at = timezone.now()
        workspace.save()
    return workspace


def _create_by_replay(name: str, slug: str, time_zone: str, is_sandbox: bool) -> Workspace:
    sql = template_sql()
    workspace = _new_row(Workspace.State.PROVISIONING, slug, name, time_zone, is_sandbox)
    try:
        provision.replay(sql, workspace.schema_name)
    except Exception as error:
        workspace.delete()
        raise ProvisioningFailed("The workspace could not be set up. Nothing was kept.") from error
    return workspace


def _new_row(
    state: str, slug: str | None, name: str, time_zone: str, is_sandbox: bool
) -> Workspace:
    """Insert a workspace whose schema is named after its own id."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT nextval(pg_get_serial_sequence('workspaces_workspace', 'id'))")
        (pk,) = cursor.fetchone()
        workspace = Workspace(
            pk=pk,
            schema_name=f"ws_{pk}",
            slug=slug,
            name=name,
            state=state,
            time_zone=time_zone,
            is_sandbox=is_sandbox,
        )
        workspace.save(force_insert=True)
    return workspace
