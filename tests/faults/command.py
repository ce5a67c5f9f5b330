"""`python3 manage.py faults`: whether anything is lost when servers fail. See docs/reliability.md."""

import argparse
import json
import os
import signal
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import nullcontext, redirect_stdout
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from sentinel.ops.console import Refusal, overwrite, say, step

ACCOUNTS = 200


@dataclass(slots=True)
class Outcome:
    """What became of the faults, each a `Told`, and of the controls, each a `ControlTold`, until it was stopped."""

    told: list[Any] = field(default_factory=list)
    controls: list[Any] = field(default_factory=list)
    is_stopped: bool = False


def main(arguments: list[str]) -> int:
    options = parse(arguments)
    with redirect_stdout(sys.stderr) if options.json == "-" else nullcontext():
        try:
            return _run(options)
        except Refusal as refusal:
            say(f"\n{refusal}")
            return 1
        except KeyboardInterrupt:
            say("\nStopped.")
            return 130


def parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="manage.py faults",
        description="Kills, freezes and cuts off servers of its own, and counts what is lost.",
    )
    parser.add_argument("--short", action="store_true", help="the kinds and controls that matter most, once")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="such as F1 F4 C1")
    parser.add_argument(
        "--controls", action="store_true", help="only the controls, each of which must be seen to fail"
    )
    parser.add_argument("--seed", type=int, default=1, help="of the first round (1)")
    parser.add_argument("--rounds", type=int, default=1, help="each with a seed of its own (1)")
    parser.add_argument("--json", nargs="?", const="-", metavar="FILE", help="the result as one JSON object")
    return parser.parse_args(arguments)


def _run(options: argparse.Namespace) -> int:
    from bench.stack import new_run
    from tests.faults.ground import ground

    for number in (signal.SIGINT, signal.SIGTERM):  # a shell's background commands are begun deaf to the first
        signal.signal(number, signal.default_int_handler)
    run = new_run()
    with ground(run, options.seed, options.rounds) as made:
        os.environ.update(made.environment | made.services.environment() | {"SENTINEL_DB_ROLE": "owner"})
        os.environ["DJANGO_SETTINGS_MODULE"] = "sentinel.settings"
        import django

        django.setup()
        outcome = _stories(made, options, run)
    return _finish(outcome, options)


def _stories(made: Any, options: argparse.Namespace, run: str) -> Outcome:
    """Needs settings, which need the addresses of the servers."""
    from django.utils import timezone

    from bench.payments import account_ids
    from bench.seeding import seed
    from tests.faults.journal import Journal
    from tests.faults.story import Payer, Stage
    from tests.webhooks.receiver import answers, receiving
    from webhooks.services.endpoints import EndpointTerms, endpoint_create

    seeded = seed(run=run, accounts=ACCOUNTS)
    payer = Payer(seeded.api_key, account_ids(seeded.account_prefix, ACCOUNTS))
    path = Path(made.folder).parent / f"faults-{run}.journal"
    journal = Journal(path)
    try:
        with receiving(answers(200)) as receiver:
            endpoint_create(
                client=seeded.client, terms=EndpointTerms(url=receiver.url), actor="faults", now=timezone.now()
            )
            with step("web, relay, deliveries, seal"):
                made.start_processes()
            return _play(Stage(made, payer, receiver, journal), options)
    finally:
        journal.close()
        path.unlink()


def _play(stage: Any, options: argparse.Namespace) -> Outcome:
    from tests.faults.controls import CONTROLS, control_run
    from tests.faults.kinds import FAULTS
    from tests.faults.story import story

    outcome = Outcome()
    try:
        for number in range(options.rounds):
            for fault in _there(FAULTS, stage, options, are_controls=False):
                outcome.told.append(story(stage, fault, seed=options.seed + number))
                _say(outcome.told[-1])
        for control in _there(CONTROLS, stage, options, are_controls=True):
            outcome.controls.append(control_run(stage, control, seed=options.seed))
            _say_control(outcome.controls[-1])
    except KeyboardInterrupt:
        outcome.is_stopped = True
        say("\n  Stopped. What came of those that were played:")
    return outcome


def _there(kinds: Iterable[Any], stage: Any, options: argparse.Namespace, *, are_controls: bool) -> Iterator[Any]:
    """Those that are asked for and can begin; of the others it is said why not."""
    for kind in kinds:
        if not _is_chosen(kind, options, are_controls=are_controls):
            continue
        if missing := kind.missing(stage.ground):
            say(f"  {kind.name} {kind.words}: left out, {missing}")
        else:
            yield kind


def _is_chosen(kind: Any, options: argparse.Namespace, *, are_controls: bool) -> bool:
    if options.only:
        return kind.name in options.only
    if options.controls and not are_controls:
        return False
    return kind.is_short or not options.short


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
    if told.failed:
        say(f"       answered without a word when to come again: {told.failed}")
    if told.events_missing or told.unanswered or told.drained_seconds is None:
        say(f"       {told.events_missing} events missing, {told.unanswered} never answered, "
            f"drained after {told.drained_seconds} s")  # fmt: skip


def _say_control(control: Any) -> None:
    overwrite("")
    seen = "seen" if control.is_detected else "NOT SEEN"
    tries = "at the first try" if control.tries == 1 else f"in {control.tries} tries"
    say(f"  {control.control:<4} {control.words}: {control.symptom} {seen} {tries}")


def _finish(outcome: Outcome, options: argparse.Namespace) -> int:
    told, controls = outcome.told, outcome.controls
    result = {
        "faults": len(told),
        "requests": sum(each.requests for each in told),
        "acknowledged": sum(each.acknowledged for each in told),
        "lost": sum(len(each.lost) for each in told),
        "duplicated": sum(each.duplicated for each in told),
        "invariants_held": not any(each.broken for each in told),
        "controls": len(controls),
        "controls_detected": sum(each.is_detected for each in controls),
        "controls_missed": [each.control for each in controls if not each.is_detected],
        "degraded": [_degraded(each) for each in told if each.first_try_share is not None],
    }
    _say_degraded(result["degraded"])
    summary = {name: value for name, value in result.items() if name != "degraded"}
    say(f"\n{json.dumps(summary)}")
    if options.json:
        whole = {
            **result,
            "stories": [asdict(each) for each in told],
            "control_stories": [asdict(c) for c in controls],
        }
        text = json.dumps(whole, indent=2)
        sys.__stdout__.write(text + "\n") if options.json == "-" else Path(options.json).write_text(text)  # type: ignore[union-attr]
    if outcome.is_stopped:
        return 130
    ran = [*told, *controls]
    return 0 if ran and all(each.holds for each in told) and all(each.is_detected for each in controls) else 1


def _degraded(told: Any) -> dict[str, Any]:
    """How the service did while something was down that it does not need."""
    names = ("fault", "words", "seed", "first_try_share", "p99_ms", "flagged_share", "recovered_seconds")
    return {name: getattr(told, name) for name in (*names, "drained_seconds")}


def _say_degraded(modes: Sequence[dict[str, Any]]) -> None:
    if modes:
        say("\n  while it was down          at once   p99 ms   flagged   again after   drained after")
    for mode in modes:
        flagged = "" if mode["flagged_share"] is None else f"{mode['flagged_share']:.2%}"
        say(f"  {mode['fault']:<4} {mode['words'][:20]:<20} {mode['first_try_share']:>8.2%} {mode['p99_ms']:>8g} "
            f"{flagged:>9} {mode['recovered_seconds']!s:>11} s {mode['drained_seconds']!s:>13} s")  # fmt: skip
