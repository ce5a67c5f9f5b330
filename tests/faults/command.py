"""`python3 manage.py faults`: whether anything is lost when servers fail. See docs/reliability.md."""

import argparse
import json
import os
import sys
from collections.abc import Sequence
from contextlib import nullcontext, redirect_stdout
from dataclasses import asdict
from pathlib import Path
from typing import Any

from sentinel.ops.console import Refusal, overwrite, say, step
from sentinel.ops.supervisor import StopRequested

ACCOUNTS = 200


def main(arguments: list[str]) -> int:
    options = parse(arguments)
    with redirect_stdout(sys.stderr) if options.json == "-" else nullcontext():
        try:
            return _run(options)
        except Refusal as refusal:
            say(f"\n{refusal}")
            return 1
        except (StopRequested, KeyboardInterrupt):
            say("\nStopped.")
            return 130


def parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="manage.py faults",
        description="Kills, freezes and cuts off servers of its own, and counts what is lost.",
    )
    parser.add_argument("--short", action="store_true", help="the kinds of fault that matter most, once")
    parser.add_argument("--only", nargs="+", metavar="FAULT", help="such as F1 F4")
    parser.add_argument("--seed", type=int, default=1, help="of the first round (1)")
    parser.add_argument("--rounds", type=int, default=1, help="each with a seed of its own (1)")
    parser.add_argument("--json", nargs="?", const="-", metavar="FILE", help="the result as one JSON object")
    return parser.parse_args(arguments)


def _run(options: argparse.Namespace) -> int:
    from bench.stack import new_run
    from tests.faults.ground import ground

    run = new_run()
    with ground(run, options.seed) as made:
        os.environ.update(made.environment | made.services.environment() | {"SENTINEL_DB_ROLE": "owner"})
        os.environ["DJANGO_SETTINGS_MODULE"] = "sentinel.settings"
        import django

        django.setup()
        told = _stories(made, options, run)
    return _finish(told, options)


def _stories(made: Any, options: argparse.Namespace, run: str) -> list[Any]:
    """Needs settings, which need the addresses of the servers."""
    from django.utils import timezone

    from bench.payments import account_ids
    from bench.seeding import seed
    from tests.faults.journal import Journal
    from tests.faults.kinds import FAULTS
    from tests.faults.story import Payer, story
    from tests.webhooks.receiver import answers, receiving
    from webhooks.services.endpoints import EndpointTerms, endpoint_create

    chosen = [fault for fault in FAULTS if _is_chosen(fault, options)]
    seeded = seed(run=run, accounts=ACCOUNTS)
    payer = Payer(seeded.api_key, account_ids(seeded.account_prefix, ACCOUNTS))
    journal = Journal(Path(made.folder).parent / f"faults-{run}.journal")
    told = []
    try:
        with receiving(answers(200)) as receiver:
            endpoint_create(
                client=seeded.client, terms=EndpointTerms(url=receiver.url), actor="faults", now=timezone.now()
            )
            with step("web, relay, deliveries, seal"):
                made.start_processes()
            for number in range(options.rounds):
                for fault in chosen:
                    if fault.needs_small_disk and not made.has_own_disk:
                        say(f"  {fault.name} {fault.words}: left out, there is no file system to fill")
                        continue
                    told.append(story(made, fault, payer, receiver, journal, seed=options.seed + number))
                    _say(told[-1])
    finally:
        journal.close()
        Path(made.folder).parent.joinpath(f"faults-{run}.journal").unlink()
    return told


def _is_chosen(fault: Any, options: argparse.Namespace) -> bool:
    if options.only:
        return fault.name in options.only
    return fault.is_short or not options.short


def _say(told: Any) -> None:
    overwrite("")
    parts = [f"{told.requests} sent", f"{told.acknowledged} promised", f"{len(told.lost)} lost"]
    parts += [f"{told.duplicated} twice", f"again after {told.recovered_seconds} s"]
    if told.first_try_share is not None:
        parts.append(f"meanwhile {told.first_try_share:.2%} at once, p99 {told.p99_ms:g} ms")
    if told.flagged_share is not None:
        parts.append(f"{told.flagged_share:.2%} flagged")
    say(f"  {told.fault:<4} {told.words}, seed {told.seed}: {', '.join(parts)}")
    for name, rows in told.broken.items():
        say(f"       BROKEN: {name}: {', '.join(rows)}")
    if told.events_missing or told.unanswered or told.drained_seconds is None:
        say(f"       {told.events_missing} events missing, {told.unanswered} never answered, "
            f"drained after {told.drained_seconds} s")  # fmt: skip


def _finish(told: Sequence[Any], options: argparse.Namespace) -> int:
    result = {
        "faults": len(told),
        "requests": sum(each.requests for each in told),
        "acknowledged": sum(each.acknowledged for each in told),
        "lost": sum(len(each.lost) for each in told),
        "duplicated": sum(each.duplicated for each in told),
        "invariants_held": not any(each.broken for each in told),
        "stories": [asdict(each) for each in told],
    }
    summary = {name: value for name, value in result.items() if name != "stories"}
    say(f"\n{json.dumps(summary)}")
    if options.json:
        text = json.dumps(result, indent=2)
        sys.__stdout__.write(text + "\n") if options.json == "-" else Path(options.json).write_text(text)  # type: ignore[union-attr]
    return 0 if told and all(each.holds for each in told) else 1
