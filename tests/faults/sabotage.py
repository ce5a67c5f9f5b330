"""The product with one promise taken away, for the controls of the fault suite, or with its clock moved. Nothing of
the product reads this.

A web process takes its name from SENTINEL_SABOTAGE (`sabotaged_gunicorn`); the relay is started as
`python -m tests.faults.sabotage relay`.
"""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

VARIABLE = "SENTINEL_SABOTAGE"
_under_way: set[asyncio.Task[None]] = set()


def outbox_apart() -> None:
    """Events are written after the commit of their payments, in a database transaction of their own."""
    from ledger.domain.rows import Rows
    from ledger.services.recording import Recording, recording

    write = Recording.write

    async def write_later(events: Rows) -> None:
        async with recording() as record:
            await write(record, events)

    async def write_without_events(self: Recording, rows: Rows) -> None:
        events = Rows(recorded_at=rows.recorded_at)
        events.by_table["ledger_event"] = rows.by_table.pop("ledger_event", [])
        await write(self, rows)
        _soon(write_later(events))

    Recording.write = write_without_events  # type: ignore[method-assign]


def answer_first() -> None:
    """Receipts go out while their payments are still being written."""
    from ledger.services.recording import Recording, recording
    from scoring.services import deciding

    async def write_all(held: AsyncExitStack, record: Recording, noted: list[Any]) -> None:
        async with held:
            for rows in noted:
                await Recording.write(record, rows)

    @asynccontextmanager
    async def recording_later() -> AsyncIterator[Recording]:
        async with AsyncExitStack() as held:
            record, noted = await held.enter_async_context(recording()), list[Any]()

            async def note(rows: Any) -> None:
                noted.append(rows)

            record.write = note  # type: ignore[method-assign]
            yield record
            _soon(write_all(held.pop_all(), record, noted))

    deciding.recording = recording_later  # type: ignore[attr-defined]


def trust_broker() -> None:
    """The relay publishes without waiting for confirms, and never looks back at what it has published."""
    from sentinel.celery import app
    from webhooks.management.commands import relay

    app.conf.broker_transport_options = {}
    relay.Relay = partial(relay.Relay, sweeps=False)  # type: ignore[attr-defined,assignment]


def move_clock(seconds: int) -> None:
    """What tells the time of day in this process, in Python and beneath it."""
    import time_machine

    time_machine.travel(datetime.now(UTC) + timedelta(seconds=seconds), tick=True).start()


SABOTAGES: dict[str, Callable[[], None]] = {
    "outbox-apart": outbox_apart,
    "answer-first": answer_first,
    "trust-broker": trust_broker,
    "clock-ahead": partial(move_clock, 600),
    "clock-behind": partial(move_clock, -240),
}


def apply() -> None:
    """What the environment names. The product has been loaded."""
    SABOTAGES[os.environ[VARIABLE]]()


def _soon(work: Any) -> None:
    task = asyncio.create_task(work)
    _under_way.add(task)
    task.add_done_callback(_under_way.discard)


def main(arguments: list[str]) -> None:
    import django
    from django.core.management import call_command

    django.setup()
    apply()
    call_command(*arguments)


if __name__ == "__main__":
    main(sys.argv[1:])
