"""What a client sends: bodies and query strings, checked by pydantic models."""

from __future__ import annotations

import json
import re
from typing import Annotated, Any, TypeVar

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.http import QueryDict
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser
from rest_framework.request import Request

from apps.errors import ValidationFailed

Model = TypeVar("Model", bound=BaseModel)

MAX_DEPTH = 40
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


class Body(BaseModel):
    """Base of what a route takes. A field that is not known is refused by name, never dropped."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


class Query(BaseModel):
    """Base of a route's query parameters; one that is not known is refused by name."""

    model_config = ConfigDict(extra="forbid")


class ListQuery(Query):
    limit: Annotated[int, Field(ge=1, le=200, description="Rows in a page.")] = 50
    cursor: Annotated[
        str | None, Field(max_length=600, description="`next_cursor` of the page before.")
    ] = None


def _split(value: Any) -> Any:
    return [part for part in value.split(",") if part] if isinstance(value, str) else value


# `state=ready,running`: several values of one filter.
CommaSeparated = BeforeValidator(_split)


class StrictJSONParser(BaseParser):
    """JSON that a database can hold: no NaN, no NUL, no lone surrogate, no bottomless nesting."""

    media_type = "application/json"

    def parse(self, stream: Any, media_type: str | None = None, context: Any = None) -> Any:
        limit: int = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        raw = stream.read(limit + 1)
        if len(raw) > limit:
            raise RequestDataTooBig
        try:
            data = json.loads(raw.decode(), parse_constant=_refuse_constant)
        except (ValueError, RecursionError) as error:
            raise ParseError from error
        check_text(data)
        return data


class BytesParser(BaseParser):
    """Bytes as they are: ``request.data`` is the stream, or empty where nothing was sent."""

    media_type = "application/octet-stream"

    def parse(self, stream: Any, media_type: str | None = None, context: Any = None) -> Any:
        return stream


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def check_text(value: Any, path: str = "", depth: int = 0) -> None:
    """Raise ValidationFailed, the place named, for text that PostgreSQL cannot store."""
    if depth > MAX_DEPTH:
        raise ValidationFailed("This is nested too deeply.", field=path.split(".")[0])
    if isinstance(value, str):
        if _UNSTORABLE.search(value):
            raise ValidationFailed("This text has characters that cannot be stored.", field=path)
    elif isinstance(value, dict):
        for name, inner in value.items():
            check_text(name, path, depth + 1)
            check_text(inner, f"{path}.{name}" if path else str(name), depth + 1)
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            check_text(inner, f"{path}.{number}" if path else str(number), depth + 1)


def read_query(model: type[Model], params: QueryDict) -> Model:
    """``params`` as ``model``. Raises pydantic's error, or ValidationFailed for unstorable text."""
    given = params.dict()
    check_text(given)
    return model.model_validate(given)


def read_body(model: type[Model], request: Request) -> Model:
    """The body as ``model``; files of a multipart body are among its fields."""
    data = request.data
    if isinstance(data, QueryDict):
        data = data.dict()
        check_text({name: value for name, value in data.items() if isinstance(value, str)})
    if not isinstance(data, dict):
        raise ValidationFailed("Send a JSON object.")
    return model.model_validate(data)
