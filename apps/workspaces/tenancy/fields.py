"""Model fields that cross from a workspace's schema to the shared one."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models


class UserRef(models.ForeignKey):
    """A person, referred to from a workspace's schema.

    Without a constraint in the database: a real one makes provisioning lock the people table, and
    makes Django look through every workspace when a person goes. People are deactivated and
    anonymised, never deleted, so the reference holds.
    """

    def __init__(self, **kwargs: Any) -> None:
        kwargs["to"] = settings.AUTH_USER_MODEL
        kwargs["on_delete"] = models.DO_NOTHING
        kwargs["db_constraint"] = False
        kwargs["related_name"] = "+"
        kwargs.setdefault("db_index", False)
        super().__init__(**kwargs)

    def deconstruct(self) -> Any:
        name, path, args, kwargs = super().deconstruct()
        for fixed in ("to", "on_delete", "db_constraint", "related_name"):
            kwargs.pop(fixed, None)
        kwargs["db_index"] = self.db_index  # type: ignore[attr-defined]  # the stubs leave it out
        return name, path, args, kwargs
