"""A bench on servers of its own: seeds, starts the web processes, runs the rounds, checks the record after each."""

import argparse
import random
import time
from collections.abc import Callable, Sequence

from bench import correctness
from bench.clock import Clock
from bench.finish import finish
from bench.history import history_measure
from bench.inprocess import model_figures, rules_figures
from bench.layers import profile_measure
from bench.measuring import Meters
from bench.memory import memory_measure
from bench.payments import account_ids
from bench.plan import Sample
from bench.run import Results, Runner, Target
from bench.scenarios import MODEL, NAMES, RULES, SCENARIOS, Scenario
from bench.seeding import Seeded, everything_on, seed
from bench.stack import WEB, Stack
from sentinel.ops.console import Refusal, say
from sentinel.ops.supervisor import StopRequested, last_lines

_MODES = ("memory", "history", "profile")


def measure(stack: Stack, options: argparse.Namespace, *, run: str) -> int:
    """The exit code. Whatever was measured is reported, however it ends."""
    names = chosen(options)
    seeded = seed(run=run, accounts=options.accounts)
    if options.everything:
        everything_on()
    results = Results()
    try:
        if options.everything:
            stack.start_background()  # first, so that their start is over when measuring begins
        for server in servers_of(names):
            stack.start_server(server, options.web_processes)
        runner = runner_of(stack, seeded, options, results, run)
        for number in range(1, options.rounds + 1):
            runner.round(names, f"round {number}/{options.rounds}")
        if options.memory:
            memory_measure(runner, options.memory)
        if options.history:
            stack.let_owner_skip_triggers()
            history_measure(runner, seeded, transactions=options.history, rounds=options.rounds)
        if options.profile:
            profile_measure(runner)
    except (StopRequested, KeyboardInterrupt):
        say("\nStopped. What was measured until then:")
        finish_own(stack, options, results)
        return 130
    except Refusal:
        finish_own(stack, options, results)
        raise
    return finish_own(stack, options, results)


def finish_own(stack: Stack, options: argparse.Namespace, results: Results) -> int:
    """As `finish`. The logs are deleted with everything else, so what explains an error is shown."""
    if results.has_failed:
        for name in stack.servers:
            say(f"\n{name}:{last_lines(stack.supervisor.log_folder / f'{name}.log')}")
    return finish(results, options, stack.services.versions)


def chosen(options: argparse.Namespace) -> list[str]:
    """In the order of NAMES. A mode of its own leaves the ordinary scenarios out, unless they are named."""
    has_mode = any(getattr(options, mode) for mode in _MODES)
    return [name for name in NAMES if name in (options.only or (() if has_mode else NAMES))]


def servers_of(names: Sequence[str]) -> list[str]:
    found = [WEB, *(SCENARIOS[name].server for name in names if name in SCENARIOS)]
    return list(dict.fromkeys(found))


def runner_of(stack: Stack, seeded: Seeded, options: argparse.Namespace, results: Results, run: str) -> Runner:
    target = Target(
        stack.servers, seeded.credentials, seeded.account_prefix, seeded.accounts, seeded.hot_account, run,
        Clock.for_accounts(seeded.accounts, time.time()), Meters(stack.services),
    )  # fmt: skip
    return Runner(
        target, results, record_check(stack, seeded, run), {RULES: rules_figures, MODEL: model_figures},
        stack.database_folder, options.seconds, options.in_flight,
    )  # fmt: skip


Check = Callable[[correctness.KeysUsed, Sequence[Sample], Scenario], list[str]]


def record_check(stack: Stack, seeded: Seeded, run: str) -> Check:
    """Everything that must hold after a load, read from the database, and asked of the service."""

    def check(used: correctness.KeysUsed, samples: Sequence[Sample], scenario: Scenario) -> list[str]:
        server = stack.servers[WEB]
        ask = correctness.ask_again(f"http://{server.host}:{server.port}", seeded.credentials()[0])
        found = correctness.ledger_sums() + correctness.balances(seeded.account_prefix)
        found += correctness.keys(used) + correctness.replays(samples, ask)
        found += correctness.features(_some_accounts(seeded), f"{run}-") + correctness.merchants(f"{run}-")
        if scenario.has_hot_account:
            found += correctness.features_of_busy_account(seeded.hot_account)
        return found

    return check


def _some_accounts(seeded: Seeded) -> list[str]:
    names = account_ids(seeded.account_prefix, seeded.accounts)
    return random.sample(names, min(correctness.FEATURE_ACCOUNTS, len(names)))
