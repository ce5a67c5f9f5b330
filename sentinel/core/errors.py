"""One family of refusals. The API renders every member as one problem+json shape."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FieldError:
    """What is wrong with one field. `field` is a dotted path ("merchant.country"), `code` is stable."""

    field: str
    code: str
    message: str


class SentinelError(Exception):
    """Base of every refusal a caller can see. Subclasses set the three class attributes."""

    code = "error"
    http_status = 500
    title = "Something went wrong"

    def __init__(
        self,
        detail: str = "",
        *,
        errors: Sequence[FieldError] = (),
        retry_after_seconds: int | None = None,
    ) -> None:
        super().__init__(detail or self.title)
        self.detail = detail or self.title
        self.errors = tuple(errors)
        self.retry_after_seconds = retry_after_seconds


class InvalidRequest(SentinelError):
    """The request cannot be understood as sent. Nothing was written; correct it and send it again."""

    code = "invalid_request"
    http_status = 400
    title = "The request is not valid"


class MalformedJson(InvalidRequest):
    """The body is not one JSON document this API accepts (RFC 8259, no duplicate keys, no NaN)."""

    code = "malformed_json"
    title = "The body is not valid JSON"


class BodyTooLarge(SentinelError):
    """The body is larger than the published limit."""

    code = "body_too_large"
    http_status = 413
    title = "The request body is too large"


class NotAuthenticated(SentinelError):
    """No credentials, or credentials that are wrong, expired or revoked. Never says which."""

    code = "not_authenticated"
    http_status = 401
    title = "Valid credentials are needed"


class NotPermitted(SentinelError):
    """The credentials are good, but lack a scope."""

    code = "not_permitted"
    http_status = 403
    title = "These credentials may not do this"


class NetworkNotAllowed(NotPermitted):
    """The credentials are good, but the client may not call from this address."""

    code = "network_not_allowed"
    title = "These credentials may not be used from this address"


class NotFound(SentinelError):
    """There is no such thing, or it belongs to somebody else: the two look alike on purpose."""

    code = "not_found"
    http_status = 404
    title = "There is no such resource"


class Conflict(SentinelError):
    """The state of the resource does not allow this."""

    code = "conflict"
    http_status = 409
    title = "The current state does not allow this"


class RateLimited(SentinelError):
    """The client sent more requests than its rate allows."""

    code = "rate_limited"
    http_status = 429
    title = "Too many requests"


class Unavailable(SentinelError):
    """The database cannot be reached or is too slow. What became of the request is unknown: retry the key."""

    code = "unavailable"
    http_status = 503
    title = "The service is not available; retry the same idempotency key"


class KeyMissing(InvalidRequest):
    """A request that moves money came without the Idempotency-Key header."""

    code = "idempotency_key_missing"
    title = "The Idempotency-Key header is missing"


class KeyInvalid(InvalidRequest):
    """The Idempotency-Key header is empty, too long, sent twice, or not printable ASCII."""

    code = "idempotency_key_invalid"
    title = "The Idempotency-Key header is not valid"
