"""What a verdict does besides, such as an entry in a list: the rooms above register what they can do.

An extra is JSON with a `kind`; the rest is for whoever registered the kind.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from ledger.models import Transaction
from sentinel.core.errors import FieldError, InvalidRequest

EXTRAS_MAX = 5
Extra = Mapping[str, Any]


class Handler(Protocol):
    """Both raise a SentinelError for what cannot be done. `apply` runs in the database transaction of the verdict."""

    def check(self, *, payment: Transaction, extra: Extra, now: datetime) -> None: ...
    def apply(self, *, payment: Transaction, extra: Extra, actor: str, now: datetime) -> None: ...


@dataclass(slots=True)
class _Registry:
    handlers: dict[str, Handler] = field(default_factory=dict)


_registry = _Registry()


def verdict_extra_register(kind: str, handler: Handler) -> None:
    """Called once, when the app of the handler is ready."""
    _registry.handlers[kind] = handler


def extras_check(*, payment: Transaction, extras: Sequence[Extra], now: datetime) -> None:
    """Errors: InvalidRequest for too many or an unknown one, and what the handlers refuse."""
    if len(extras) > EXTRAS_MAX:
        raise _refused("too_many", f"At most {EXTRAS_MAX} things are done with a verdict.")
    for extra in extras:
        _handler(extra).check(payment=payment, extra=extra, now=now)


def extras_apply(*, payment: Transaction, extras: Sequence[Extra], actor: str, now: datetime) -> None:
    for extra in extras:
        _handler(extra).apply(payment=payment, extra=extra, actor=actor, now=now)


def _handler(extra: Extra) -> Handler:
    handler = _registry.handlers.get(str(extra.get("kind")))
    if handler is None:
        raise _refused("unknown", f"Nothing of the kind {extra.get('kind')!r} can be done with a verdict.")
    return handler


def _refused(code: str, words: str) -> InvalidRequest:
    return InvalidRequest(words, errors=[FieldError("extras", code, words)])
