"""One simulation over a million payments, beside 50 live rules: seconds, and the memory of the worker.

The worker is a process of its own with the runtime role, as in production; its memory is the most it ever held.
"""

import argparse
import json
import subprocess
import sys
from statistics import median
from typing import Any

from django.core.management import call_command
from django.utils import timezone

from bench.measuring import Meters
from bench.past import SPAN_DAYS, past_make
from bench.payments import account_ids
from bench.report import table
from bench.seeding import ACCOUNT_PREFIX, accounts_make, refuse_real_bank, rules_publish
from bench.stack import Server, Stack
from rules.domain.definitions import RuleDraft
from rules.models import Rule, RuleVersion, Simulation
from rules.services.rules import rule_save
from rules.services.simulations import simulation_request
from sentinel.api.services import client_create
from sentinel.core.outcomes import Action
from sentinel.ops import state
from sentinel.ops.console import Refusal, say, step

ACTOR = "bench"
PAYMENTS = 1_000_000
# What is simulated: a rule on numbers, and one on texts.
_ASKED: dict[str, list[dict[str, Any]]] = {
    "numbers": [
        {"field": "amount", "operator": "at_least", "value": {"amount": "100.00", "currency": "INR"}},
        {"field": "amount_vs_usual_30d", "operator": "greater_than", "value": 2.5},
        {"field": "payments_30d", "operator": "at_least", "value": 5},
    ],
    "texts": [{"field": "merchant_name", "operator": "matches", "value": "(?i)gift ?card [0-3]"}],
}

_HEADINGS = (
    "simulation", "payments", "hits", "seconds", "quickest", "slowest", "its CPU", "PostgreSQL's",
    "MiB at most", "MiB before",
)  # fmt: skip


def measure(stack: Stack, options: argparse.Namespace, *, run: str) -> int:
    payments = options.history or PAYMENTS
    _seed(stack, options, run=run, payments=payments)
    rows: list[tuple[str, ...]] = [_HEADINGS]
    for name, conditions in _ASKED.items():
        found = [_simulate(stack, _version(name, conditions)) for _ in range(options.rounds)]
        rows.append((name, *_figures(found)))
    say(f"\n{table(rows)}\nEach beside 50 live rules.")
    return 0


def _figures(found: list[dict[str, Any]]) -> list[str]:
    seconds = [each["seconds"] for each in found]
    peak, base = (max(each[key] for each in found) / 2**20 for key in ("peak_bytes", "base_bytes"))
    worker, database = (median(each[key] for each in found) for key in ("cpu_seconds", "database_seconds"))
    times = [f"{each:.1f}" for each in (median(seconds), min(seconds), max(seconds), worker, database)]
    return [f"{found[0]['payments']:,}", f"{found[0]['hits']:,}", *times, f"{peak:,.0f}", f"{base:,.0f}"]


def _seed(stack: Stack, options: argparse.Namespace, *, run: str, payments: int) -> None:
    now = timezone.now()
    with step("tables"):
        call_command("migrate", interactive=False, verbosity=0)
        call_command("make_partitions", verbosity=0)
    refuse_real_bank()
    rules_publish(now)
    names = account_ids(f"{ACCOUNT_PREFIX}{run}_", options.accounts)
    with step(f"{options.accounts:,} accounts"):
        accounts_make(names, now=now)
    stack.let_owner_skip_triggers()
    with step(f"{payments:,} payments"):
        past_make(payments=payments, accounts=names, client_id=client_create(name=f"bench {run}").pk, now=now)


def _version(name: str, conditions: list[dict[str, Any]]) -> RuleVersion:
    rule = Rule.objects.filter(code=f"asked_{name}").first() or Rule(code=f"asked_{name}", name=name)
    draft = RuleDraft(Action.REVIEW, "rule.asked", "Asked", {"combinator": "all", "conditions": conditions})
    return rule_save(actor=ACTOR, rule=rule, draft=draft, now=timezone.now())


def _simulate(stack: Stack, version: RuleVersion) -> dict[str, Any]:
    """Runs it in a worker's process. Nobody else takes it: no Celery runs here."""
    simulation = simulation_request(actor=ACTOR, version=version, days=SPAN_DAYS, now=timezone.now())
    command = [sys.executable, "-m", "bench.simulation_worker", str(simulation.pk)]
    meters, nobody = Meters(stack.services), Server("", 0)
    before = meters.read(nobody)
    ended = subprocess.run(
        command, cwd=state.ROOT, env=stack.environment, capture_output=True, text=True, check=False, timeout=600
    )
    database_seconds = meters.read(nobody).get("postgres", 0.0) - before.get("postgres", 0.0)
    simulation.refresh_from_db()
    if ended.returncode or simulation.state != Simulation.State.DONE or simulation.result is None:
        raise Refusal(f"The simulation ended as {simulation.state}: {simulation.error}\n{ended.stderr[-2000:]}")
    result = simulation.result
    took = {**json.loads(ended.stdout), "database_seconds": database_seconds}
    return {**took, "payments": result["payments"], "hits": result["hits"]["payments"]}
