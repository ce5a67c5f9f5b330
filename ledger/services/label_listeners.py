"""Who is told of a label as soon as it is committed: the rooms above register themselves here."""

from collections.abc import Callable
from dataclasses import dataclass, field
from uuid import UUID

from django.db import transaction

Listener = Callable[[UUID], object]  # called with the id of the label


@dataclass(slots=True)
class _Registry:
    listeners: list[Listener] = field(default_factory=list)


_registry = _Registry()


def label_listener_register(listener: Listener) -> None:
    """Called once, when the app of the listener is ready. It must find by itself what it was not told."""
    _registry.listeners.append(listener)


def label_tell_once_committed(label_id: UUID) -> None:
    """A listener that fails is logged; the label stands all the same."""

    def tell() -> None:
        for listener in _registry.listeners:
            listener(label_id)

    transaction.on_commit(tell, robust=True)
