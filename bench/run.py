"""The rounds: every scenario and yardstick once per round, so that what disturbs the machine disturbs all alike."""

import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path

from bench.clock import Clock
from bench.correctness import KeysUsed
from bench.figures import percentile
from bench.measuring import Meters, figures_of, run_load
from bench.plan import GET, SCORE, Load, Plan, Sample
from bench.scenarios import FDATASYNC, SCENARIOS, Scenario
from bench.stack import LEAN, STOCK, Server
from bench.yardsticks.fdatasync import fdatasync_latencies_ms
from sentinel.ops.console import Refusal, overwrite, say

WARMUP_SECONDS = 1.0
_MISSING = {"404", "405"}

Figures = dict[str, float]
InProcess = dict[str, Callable[[float], Figures]]  # name -> what measures it for so many seconds


@dataclass(slots=True)
class Target:
    """What the load goes to, and as whom. `clock` is None where payments happen when they arrive."""

    servers: dict[str, Server]
    credentials: Callable[[], tuple[str, ...]]
    account_prefix: str
    accounts: int
    hot_account: str
    run: str
    clock: Clock | None = None
    meters: Meters | None = None


@dataclass(slots=True)
class Results:
    """By scenario: the figures of each round, and what went wrong in any of them."""

    rounds: dict[str, list[Figures]] = field(default_factory=lambda: defaultdict(list))
    errors: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    error_words: list[str] = field(default_factory=list)
    outcomes: dict[str, dict[str, int]] = field(default_factory=lambda: defaultdict(dict))
    unavailable: dict[str, str] = field(default_factory=dict)
    violations: list[str] = field(default_factory=list)
    checked: int = 0
    extra: dict[str, object] = field(default_factory=dict)  # memory, history

    @property
    def has_failed(self) -> bool:
        return bool(self.violations or any(self.errors.values()))

    def add(self, name: str, load: Load) -> None:
        self.errors[name] += load.errors
        self.error_words += [f"{name}: {words}" for words in load.error_words]
        for outcome, number in load.outcomes.items():
            counted = self.outcomes[name]
            counted[outcome] = counted.get(outcome, 0) + number


@dataclass(slots=True)
class Runner:
    target: Target
    results: Results
    check: Callable[[KeysUsed, Sequence[Sample], Scenario], list[str]]
    in_process: InProcess
    disk_folder: Path | None
    seconds: float
    in_flight: int
    warmup_seconds: float = WARMUP_SECONDS
    scenarios: Mapping[str, Scenario] = field(default_factory=lambda: SCENARIOS)
    _measured: int = 0

    def round(self, names: Sequence[str], words: str) -> None:
        for name in names:
            if name not in self.results.unavailable:
                overwrite(f"  {words}  {name} …")
                self._measure(name)
                overwrite("")
                say(f"  {words}  {name:<18} {self._line(name)}")

    def _line(self, name: str) -> str:
        if name in self.results.unavailable:
            return self.results.unavailable[name]
        latest = self.results.rounds[name][-1]
        return "   ".join(f"{figure} {value:,.4g}" for figure, value in list(latest.items())[:3])

    def _measure(self, name: str) -> None:
        if name in self.in_process:
            self.results.rounds[name].append(self.in_process[name](min(self.seconds, 2.0)))
        elif name == FDATASYNC:
            self._measure_disk()
        else:
            self.measure(self.scenarios[name])

    def _measure_disk(self) -> None:
        if self.disk_folder is None:
            self.results.unavailable[FDATASYNC] = "not available: the database's disk is out of reach"
            return
        latencies = fdatasync_latencies_ms(self.disk_folder, min(self.seconds, 2.0))
        figures = {"p50_ms": percentile(latencies, 0.5), "p99_ms": percentile(latencies, 0.99)}
        self.results.rounds[FDATASYNC].append(figures)

    def measure(self, scenario: Scenario, *, requests_max: int = 0, seconds: float | None = None) -> Load | None:
        """One load with its check. None when the service does not have it."""
        if scenario.server not in self.target.servers:
            self.results.unavailable[scenario.name] = "not available: it needs a process of its own"
            return None
        if not self.results.rounds[scenario.name] and not self._is_there(scenario):
            return None
        plan = self._plan(scenario)
        if seconds is not None:
            plan = replace(plan, seconds=seconds)
        if requests_max:
            plan = replace(plan, requests_max=requests_max, warmup_seconds=0.0)
        server, meters = self.target.servers[scenario.server], self.target.meters
        with meters.counting(server) if meters else nullcontext() as costs:
            load = self._run(plan)
        if not load.requests or not load.latencies_ms:
            words = " ".join(load.error_words) or "Give it more --seconds."
            raise Refusal(f"{scenario.name}: nothing was answered in time. {words}")
        self.results.rounds[scenario.name].append(figures_of(load, costs))
        self.results.add(scenario.name, load)
        self._check(plan, load, scenario)
        return load

    def _is_there(self, scenario: Scenario) -> bool:
        """Asks once, with one item."""
        plan = replace(self._plan(scenario), lanes=1, items=1, requests_max=1, warmup_seconds=0.0, seconds=10.0)
        load = self._run(plan)
        if load.statuses and load.statuses.keys() <= _MISSING:
            self.results.unavailable[scenario.name] = f"not available: answered {', '.join(load.statuses)}"
            return False
        return True

    def _run(self, plan: Plan) -> Load:
        load = run_load(plan)
        # What is only scored leaves no trace, so its moments may be used again.
        if self.target.clock and plan.kind != SCORE:
            self.target.clock.advance(ordinary=load.keys_sent - load.hot_keys_sent, hot=load.hot_keys_sent)
        return load

    def _check(self, plan: Plan, load: Load, scenario: Scenario) -> None:
        if scenario.kind != GET:
            sent = load.keys_sent if scenario.records else 0
            used = KeysUsed(plan.key_prefix, sent, set(load.keys_unanswered))
            found = self.check(used, load.samples, scenario)
            self.results.violations += [f"{scenario.name}: {words}" for words in found]
            self.results.checked += 1

    def _plan(self, scenario: Scenario) -> Plan:
        self._measured += 1
        target, server = self.target, self.target.servers[scenario.server]
        plan = Plan(
            host=server.host, port=server.port, authority=server.authority,
            target=scenario.target, kind=scenario.kind, items=scenario.items,
            lanes=scenario.lanes or self.in_flight, seconds=self.seconds, warmup_seconds=self.warmup_seconds,
        )  # fmt: skip
        if scenario.server in (STOCK, LEAN):
            return plan
        plan = replace(
            plan, credentials=target.credentials(), account_prefix=target.account_prefix, accounts=target.accounts,
            paths=scenario.paths,
            key_prefix=f"{target.run}-{self._measured}-", replay_share=scenario.replay_share,
            hot_account=target.hot_account if scenario.has_hot_account else "",
        )  # fmt: skip
        return self._with_moments(plan)

    def _with_moments(self, plan: Plan) -> Plan:
        clock = self.target.clock
        if clock is None:
            return plan
        if not clock.has_room(time.time()):
            raise Refusal("The clock of the load has reached the present: measure less at once, or use --accounts.")
        return replace(
            plan, clock_start_seconds=clock.next_seconds, clock_step_seconds=clock.step_seconds,
            hot_clock_start_seconds=clock.hot_next_seconds,
        )  # fmt: skip
