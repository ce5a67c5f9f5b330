"""Field types of requests. Strict: nothing is guessed, and each error names its field with a stable code."""

import ipaddress
import re
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints
from pydantic_core import PydanticCustomError

from sentinel.core.countries import COUNTRIES
from sentinel.core.money import AmountError, exponent
from sentinel.core.zones import zone_exists

# Moments outside of these years are slips, and near the years 1 and 9999 other zones have none.
_FIRST_YEAR, _LAST_YEAR = 1900, 2200


class Schema(BaseModel):
    """Base of request bodies: unknown fields are refused, types are not converted."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


def refused(code: str, message: str) -> PydanticCustomError:
    """The error a validator raises. `code` is part of the API."""
    return PydanticCustomError("refused", "{message}", {"code": code, "message": message})


def _moment(value: Any) -> Any:
    """The moment in UTC, so that however its zone is written, it is the same request."""
    if not isinstance(value, str):
        raise refused("wrong_type", 'Write the moment as text, for example "2026-01-31T12:00:00Z".')
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        raise refused("wrong_format", 'Write the moment like "2026-01-31T12:00:00Z" (RFC 3339).') from None
    if moment.tzinfo is None:
        raise refused("zone_missing", "The moment needs a time zone: end it with Z or an offset such as +05:30.")
    try:
        moment = moment.astimezone(UTC)
    except OverflowError:
        raise _year_refused() from None
    if not _FIRST_YEAR <= moment.year <= _LAST_YEAR:
        raise _year_refused()
    return moment


def _year_refused() -> PydanticCustomError:
    return refused("out_of_range", f"The year must be from {_FIRST_YEAR} to {_LAST_YEAR}.")


def _country(value: Any) -> Any:
    if isinstance(value, str) and value not in COUNTRIES:
        raise refused("unknown_country", "Use an ISO 3166-1 code of two capital letters, such as IN.")
    return value


def _currency(value: Any) -> Any:
    if isinstance(value, str):
        try:
            exponent(value)
        except AmountError as error:
            raise refused(error.code, str(error)) from None
    return value


def _zone(value: Any) -> Any:
    if isinstance(value, str) and not zone_exists(value):
        raise refused("unknown_zone", "Use a time zone name such as Asia/Kolkata.")
    return value


_OCTET = r"(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
_IPV4 = re.compile(rf"{_OCTET}(?:\.{_OCTET}){{3}}")


def _ip_address(value: Any) -> Any:
    # The ipaddress module takes microseconds, and would give back these very characters.
    if isinstance(value, str) and not _IPV4.fullmatch(value):
        try:
            address = ipaddress.ip_address(value)
        except ValueError:
            raise refused("wrong_format", "Send an IPv4 or IPv6 address.") from None
        if getattr(address, "scope_id", None) is not None:
            raise refused("wrong_format", "Send the address without a scope (the part after %).")
        return str(address)
    return value


def text(max_length: int, pattern: str | None = None) -> Any:
    return StringConstraints(min_length=1, max_length=max_length, pattern=pattern)


Moment = Annotated[
    AwareDatetime,
    BeforeValidator(_moment),
    Field(description="RFC 3339 with a zone.", examples=["2026-01-31T12:00:00Z"]),
]
# The pattern is for the document: the validators know every code, and say which one is not.
Country = Annotated[
    str,
    BeforeValidator(_country),
    Field(description="ISO 3166-1 alpha-2.", examples=["IN"], json_schema_extra={"pattern": "^[A-Z]{2}$"}),
]
Currency = Annotated[
    str,
    BeforeValidator(_currency),
    Field(description="ISO 4217.", examples=["INR"], json_schema_extra={"pattern": "^[A-Z]{3}$"}),
]
Zone = Annotated[str, BeforeValidator(_zone), Field(description="IANA time zone.", examples=["Asia/Kolkata"])]
IpAddress = Annotated[str, BeforeValidator(_ip_address), Field(examples=["203.0.113.9"])]
Amount = Annotated[
    str,
    text(25, r"^[0-9]{1,18}(\.[0-9]{1,6})?$"),
    Field(description="A decimal string with at most the currency's decimals; never a number.", examples=["5400.00"]),
]
SignedAmount = Annotated[
    str,
    text(26, r"^-?[0-9]{1,18}(\.[0-9]{1,6})?$"),
    Field(description="A decimal string; may be negative.", examples=["-500.00"]),
]
AccountId = Annotated[str, text(64, r"^[A-Za-z0-9][A-Za-z0-9_.:-]*$"), Field(examples=["acc_alice"])]
ShortText = Annotated[str, text(100)]
