from typing import Any

from django.db.models import Model, QuerySet
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request

from sentinel.core.errors import FieldError, InvalidRequest


class NewestFirst(CursorPagination):
    page_size = 50
    max_page_size = 200
    page_size_query_param = "limit"
    ordering = "-id"


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
    limit = request.query_params.get("limit")
    if limit is not None and not (
        limit.isascii() and limit.isdigit() and 1 <= int(limit) <= NewestFirst.max_page_size
    ):
        errors.append(FieldError("limit", "out_of_range", f"From 1 to {NewestFirst.max_page_size}."))
    if errors:
        raise InvalidRequest(errors=errors)
    return {name: request.query_params[name] for name in names if name in request.query_params}
