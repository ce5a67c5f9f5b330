from typing import Any
from uuid import UUID

from django.db.models import Model, QuerySet
from rest_framework.exceptions import NotFound
from rest_framework.pagination import Cursor, CursorPagination
from rest_framework.request import Request

from sentinel.core.errors import FieldError, InvalidRequest


class NewestFirst(CursorPagination):
    page_size = 50
    max_page_size = 200
    page_size_query_param = "limit"
    ordering = "-id"

    def decode_cursor(self, request: Request) -> Cursor | None:
        """Errors: InvalidRequest for a cursor that no page handed out: a position is the id of a row."""
        try:
            cursor = super().decode_cursor(request)
            if cursor is not None and cursor.position is not None:
                UUID(str(cursor.position))
        except (NotFound, ValueError):
            words = "Take the cursor from `next` or `previous` of a page."
            raise InvalidRequest(words, errors=[FieldError("cursor", "wrong_format", words)]) from None
        return cursor


def page_of(rows: QuerySet[Any], request: Request) -> tuple[list[Any], dict[str, Any]]:
    """One page of rows, newest first, and the links of the answer."""
    paginator = NewestFirst()
    found: list[Model] = paginator.paginate_queryset(rows, request) or []
    return found, {"next": paginator.get_next_link(), "previous": paginator.get_previous_link()}


def query_parameters(request: Request, *names: str) -> dict[str, str]:
    """The query parameters that were sent. Errors: InvalidRequest names those that are not known or come twice."""
    known = {*names, "cursor", "limit"}
    errors = [
        FieldError(name, "unknown_parameter", f"Known are: {', '.join(sorted(known))}.")
        for name in request.query_params
        if name not in known
    ]
    errors += [
        FieldError(name, "sent_twice", "Send it once.")
        for name, values in request.query_params.lists()
        if len(values) > 1
    ]
    errors += [
        FieldError(name, "nul_character", "Remove the NUL character.")
        for name, value in request.query_params.items()
        if "\0" in value
    ]
    if not _is_page_size(request.query_params.get("limit", "1")):
        errors.append(FieldError("limit", "out_of_range", f"From 1 to {NewestFirst.max_page_size}."))
    if errors:
        raise InvalidRequest(errors=errors)
    return {name: request.query_params[name] for name in names if name in request.query_params}


def _is_page_size(text: str) -> bool:
    """Looks at the length first: Python refuses to read thousands of digits."""
    return text.isascii() and text.isdigit() and len(text) < 10 and 1 <= int(text) <= NewestFirst.max_page_size
