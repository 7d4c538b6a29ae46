"""Path converters of the API."""

from __future__ import annotations

from django.urls.converters import IntConverter


class BigIdConverter(IntConverter):
    """A database id: what does not fit a bigint is an address of nothing, not an error."""

    regex = "[0-9]{1,18}"
