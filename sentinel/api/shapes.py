"""The shape of refusals, for the OpenAPI document."""

from pydantic import BaseModel


class FieldErrorOut(BaseModel):
    field: str
    code: str
    message: str


class ProblemOut(BaseModel):
    """RFC 9457. `code` is stable; `errors` name the fields."""

    type: str
    title: str
    status: int
    code: str
    detail: str
    errors: list[FieldErrorOut] | None = None
