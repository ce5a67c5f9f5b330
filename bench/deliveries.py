"""Events to a receiver that fails at random: how many a second arrive, and whether all of them do, signed.

Relay and delivery worker are processes of their own, as in production. The waits between tries are shortened from
hours to seconds; nothing else is.
"""

import argparse
import random
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from django.core.management import call_command
from django.db import connection
from django.utils import timezone
from standardwebhooks import Webhook, WebhookVerificationError

from bench.finish import json_write
from bench.past import past_make
from bench.payments import account_ids
from bench.report import table
from bench.seeding import ACCOUNT_PREFIX, accounts_make, refuse_real_bank
from bench.stack import Stack
from ledger.models import OutboxPending, Transaction
from sentinel.api.services import client_create
from sentinel.core.ids import uuid7
from sentinel.ops.children import background_children
from sentinel.ops.console import Refusal, overwrite, say, step
from webhooks.models import Attempt, Delivery, Endpoint
from webhooks.services.endpoints import EndpointTerms, endpoint_create

EVENTS, FAILING_PERCENT = 10_000, 30
SCHEDULE_SECONDS = "0,0,1,1,2,2,3,3,4,4,5,5,5,5"
PATIENCE_SECONDS = 900
_PROCESSES = {"relay", "deliveries"}
_ACCOUNTS = 200

_EVENTS = """
INSERT INTO ledger_event (id, account_id, transaction_id, client_id, type, sequence, payload, recorded_at)
SELECT e.id, t.account_id, t.id, t.client_id, 'transaction.approved', 1, jsonb_build_object(
    'transaction_id', 'txn_' || replace(t.id::text, '-', ''), 'account_id', t.account_id,
    'amount', (t.amount_minor / 100.0)::numeric(12, 2)::text, 'currency', t.currency,
    'outcome', 'approve', 'status', 'approved', 'reference', t.reference), %(now)s
FROM unnest(%(events)s::uuid[], %(payments)s::uuid[]) AS e(id, payment) JOIN ledger_transaction t ON t.id = e.payment
"""
_PENDING = "INSERT INTO ledger_outboxpending (event_id, created_at) SELECT unnest(%(events)s::uuid[]), %(now)s"


@dataclass
class Receiver:
    """Counts what comes, checks each signature, and fails so many in a hundred at random."""

    failing_percent: int
    secret: str = ""
    arrived: Counter[str] = field(default_factory=Counter)
    bodies: dict[str, set[str]] = field(default_factory=dict)
    wrongly_signed: int = 0
    refused: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)
    chance: random.Random = field(default_factory=lambda: random.Random(7))

    def take(self, headers: dict[str, str], body: str) -> int:
        """The status to answer with."""
        is_signed = self._is_signed(headers, body)
        with self.lock:
            self.wrongly_signed += not is_signed
            self.bodies.setdefault(headers["webhook-id"], set()).add(body)
            if self.chance.random() * 100 < self.failing_percent:
                self.refused += 1
                return 500
            self.arrived[headers["webhook-id"]] += 1
            return 200

    def _is_signed(self, headers: dict[str, str], body: str) -> bool:
        try:
            Webhook(self.secret).verify(body, headers)
        except WebhookVerificationError:
            return False
        return True


def measure(stack: Stack, options: argparse.Namespace, *, run: str) -> int:
    """0 when every event arrived and every signature was right."""
    receiver = Receiver(options.failing)
    with _listening(receiver) as url:
        endpoint = _seed(stack, options, run=run, url=url, receiver=receiver)
        started = time.monotonic()
        _start(stack)
        _wait(endpoint, options.events)
        seconds = time.monotonic() - started
    return _report(endpoint, receiver, options, seconds)


def _seed(stack: Stack, options: argparse.Namespace, *, run: str, url: str, receiver: Receiver) -> Endpoint:
    now = timezone.now()
    with step("tables"):
        call_command("migrate", interactive=False, verbosity=0)
        call_command("make_partitions", verbosity=0)
    refuse_real_bank()
    names = account_ids(f"{ACCOUNT_PREFIX}{run}_", _ACCOUNTS)
    with step(f"{_ACCOUNTS:,} accounts"):
        accounts_make(names, now=now)
    stack.let_owner_skip_triggers()
    client = client_create(name=f"bench {run}")
    endpoint, receiver.secret = endpoint_create(
        client=client, terms=EndpointTerms(url, concurrency_max=16), actor="bench", now=now
    )
    with step(f"{options.events:,} events"):
        past_make(payments=options.events, accounts=names, client_id=client.pk, now=now)
        _events_make(list(Transaction.objects.filter(client=client).values_list("pk", flat=True)))
    return endpoint


def _events_make(payments: list[Any]) -> None:
    values: dict[str, Any] = {"events": [uuid7() for _ in payments], "payments": payments, "now": timezone.now()}
    with connection.cursor() as cursor:
        cursor.execute(_EVENTS, values)
        cursor.execute(_PENDING, values)


def _start(stack: Stack) -> None:
    environment = stack.environment | {"SENTINEL_WEBHOOK_SCHEDULE_SECONDS": SCHEDULE_SECONDS}
    for child in background_children(environment):
        if child.name in _PROCESSES:
            stack.supervisor.start(child)


def _wait(endpoint: Endpoint, events: int) -> None:
    deadline, ended = time.monotonic() + PATIENCE_SECONDS, -1
    waiting = Delivery.objects.filter(endpoint=endpoint)
    while ended < events:
        if time.monotonic() > deadline:
            raise Refusal(f"After {PATIENCE_SECONDS} s {events - ended:,} of {events:,} events have not arrived.")
        time.sleep(0.25)
        ended = waiting.exclude(state="waiting").count()
        overwrite(f"  {ended:,} of {events:,} deliveries ended")
    overwrite("")


def _report(endpoint: Endpoint, receiver: Receiver, options: argparse.Namespace, seconds: float) -> int:
    lost = options.events - len(receiver.arrived)
    attempts = Attempt.objects.filter(endpoint=endpoint).count()
    figures = {
        "events": options.events,
        "lost": lost,
        "pending": OutboxPending.objects.count(),
        "attempts": attempts,
        "refused": receiver.refused,
        "came twice": sum(count - 1 for count in receiver.arrived.values()),
        "with other bytes": sum(len(bodies) > 1 for bodies in receiver.bodies.values()),
        "wrongly signed": receiver.wrongly_signed,
        "seconds": round(seconds, 1),
        "attempts a second": round(attempts / seconds),
        "events a second": round(options.events / seconds),
    }
    say(table([("figure", ""), *((name, f"{value:,}") for name, value in figures.items())]))
    json_write(figures, options.json)
    return 1 if lost or receiver.wrongly_signed or figures["with other bytes"] else 0


@contextmanager
def _listening(receiver: Receiver) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            status = receiver.take({name.lower(): value for name, value in self.headers.items()}, body)
            self.send_response_only(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/hook"
    finally:
        server.shutdown()
        server.server_close()
