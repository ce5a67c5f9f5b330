"""`python3 manage.py bench scale`: a simulation of 50,000 payments a second on machines that nobody here has.

It measures nothing. Its costs were measured on one machine (bench/RESULTS.md), its layouts are assumptions, which
docs/scale.md lists with the table that this prints. The seed is fixed: the same table on every machine.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from math import inf
from random import Random

from bench.figures import percentile
from bench.queueing import Group, poisson_arrivals, serve, serve_groups
from bench.report import table
from sentinel.ops.console import say

SEED = 20261128
SIMULATED_SECONDS, WARMUP_SECONDS = 2.0, 0.5
GROUP_MAX = 64
# CPU in µs. Of a payment: "With kept states and catalogue version 3" in RESULTS.md, where groups have dozens of
# members. Of a group besides: `lonely` less `single` of the first table there.
WEB_GROUP_US, WEB_PAYMENT_US = 985, 516
SHARD_GROUP_US, SHARD_PAYMENT_US = 938, 180
REDIS_GROUP_US, REDIS_PAYMENT_US = 76, 32
# Assumed: a flush with a replica that confirms it, and the way between two machines and back.
FLUSH_MS, HOP_MS = 2.0, 0.5
TRANSFER_SHARE = 0.10


@dataclass(frozen=True, slots=True)
class Layout:
    """`is_by_account`: each shard has web processes of its own, and a payment goes to those of its account's shard.

    Else it goes to any process, and a group has members on many shards.
    """

    payments_per_second: int
    web_processes: int
    shards: int
    cores: int  # of a shard
    redis_nodes: int
    is_by_account: bool


LAYOUTS = (
    Layout(1_000, 1, 1, 2, 1, is_by_account=True),
    Layout(50_000, 64, 8, 8, 6, is_by_account=False),
    Layout(50_000, 64, 8, 16, 6, is_by_account=False),
    Layout(50_000, 64, 8, 8, 6, is_by_account=True),
    Layout(50_000, 40, 8, 8, 6, is_by_account=True),
    Layout(50_000, 32, 8, 4, 6, is_by_account=True),
    Layout(50_000, 56, 8, 8, 5, is_by_account=True),
)


@dataclass(frozen=True, slots=True)
class Result:
    """`web_load` is what members take alone: a web process with room has small groups, and is busy all the same."""

    group_size: float
    web_load: float
    shard_busy: float
    redis_busy: float
    latencies_ms: list[float]

    @property
    def is_overloaded(self) -> bool:
        return max(self.web_load, self.shard_busy, self.redis_busy) >= 1


@dataclass(slots=True)
class _Part:
    """What a group has to do on one shard. A group of several parts is committed in two phases."""

    group: int
    arrival: float
    members: int
    phases: int

    @property
    def seconds(self) -> float:
        return (self.phases * SHARD_GROUP_US + self.members * SHARD_PAYMENT_US) / 1e6


def simulate(layout: Layout, seed: int = SEED) -> Result:
    chance = Random(seed)
    arrivals = poisson_arrivals(chance, layout.payments_per_second, SIMULATED_SECONDS)
    shard_of = [chance.randrange(layout.shards) for _ in arrivals]
    queues: dict[int, list[int]] = defaultdict(list)  # of each web process, payments by their place
    for payment, process in enumerate(_processes(layout, shard_of)):
        queues[process].append(payment)

    members, groups = _grouped(arrivals, queues)
    read_at = _read(chance, groups, layout)
    parts = _parts(chance, members, read_at, shard_of, layout)
    written_at = _write(parts, len(groups), layout.cores)

    latencies = [
        (written_at[number] - arrivals[payment]) * 1000 + 3 * HOP_MS
        for number, of_group in enumerate(members)
        for payment in of_group
        if arrivals[payment] >= WARMUP_SECONDS
    ]
    return _result(layout, groups, parts, latencies)


def _processes(layout: Layout, shard_of: list[int]) -> Iterator[int]:
    """In turn, among all or among those of the shard."""
    for payment, shard in enumerate(shard_of):
        if layout.is_by_account:
            of_shard = layout.web_processes // layout.shards
            yield shard * of_shard + payment % of_shard
        else:
            yield payment % layout.web_processes


def _grouped(arrivals: list[float], queues: dict[int, list[int]]) -> tuple[list[list[int]], list[Group]]:
    found = [
        (group, queue[group.first : group.end])
        for _, queue in sorted(queues.items())
        for group in serve_groups([arrivals[payment] for payment in queue], GROUP_MAX, _web_seconds)
    ]
    found.sort(key=lambda pair: pair[0].done_at)
    return [members for _, members in found], [group for group, _ in found]


def _web_seconds(size: int) -> float:
    return (WEB_GROUP_US + size * WEB_PAYMENT_US) / 1e6


def _redis_seconds(size: int) -> float:
    return (REDIS_GROUP_US + size * REDIS_PAYMENT_US) / 1e6


def _read(chance: Random, groups: list[Group], layout: Layout) -> list[float]:
    """A payment's commands go to several nodes; here each group asks one, by chance."""
    asked: dict[int, list[int]] = defaultdict(list)
    for number in range(len(groups)):
        asked[chance.randrange(layout.redis_nodes)].append(number)
    read_at = [0.0] * len(groups)
    for numbers in asked.values():
        jobs = [(groups[number].done_at, _redis_seconds(groups[number].size)) for number in numbers]
        for number, done in zip(numbers, serve(jobs, 1), strict=True):
            read_at[number] = done
    return read_at


def _parts(
    chance: Random, members: list[list[int]], read_at: list[float], shard_of: list[int], layout: Layout
) -> dict[int, list[_Part]]:
    """By shard: the accounts that pay, and those of other shards that are paid by a transfer."""
    parts: dict[int, list[_Part]] = defaultdict(list)
    for group, of_group in enumerate(members):
        on_shard: dict[int, int] = defaultdict(int)
        for payment in of_group:
            on_shard[shard_of[payment]] += 1
            if chance.random() < TRANSFER_SHARE:
                on_shard[chance.randrange(layout.shards)] += 0
        phases = 1 if len(on_shard) == 1 else 2
        for shard, count in on_shard.items():
            parts[shard].append(_Part(group, read_at[group], count, phases))
    return parts


def _write(parts: dict[int, list[_Part]], groups: int, cores: int) -> list[float]:
    """When each group is committed: after its slowest part, and one flush for each phase."""
    written_at = [0.0] * groups
    for of_shard in parts.values():
        of_shard.sort(key=lambda part: part.arrival)
        jobs = [(part.arrival, part.seconds) for part in of_shard]
        for part, done in zip(of_shard, serve(jobs, cores), strict=True):
            written_at[part.group] = max(written_at[part.group], done + part.phases * FLUSH_MS / 1000)
    return written_at


def _result(layout: Layout, groups: list[Group], parts: dict[int, list[_Part]], latencies: list[float]) -> Result:
    shards = sum(part.seconds for of_shard in parts.values() for part in of_shard)
    redis = sum(_redis_seconds(group.size) for group in groups)
    return Result(
        sum(group.size for group in groups) / len(groups),
        layout.payments_per_second * WEB_PAYMENT_US / 1e6 / layout.web_processes,
        shards / SIMULATED_SECONDS / layout.shards / layout.cores,
        redis / SIMULATED_SECONDS / layout.redis_nodes,
        latencies,
    )


def rows() -> list[tuple[str, ...]]:
    head = ("payments/s", "goes to", "web processes", "shards, cores of each", "Redis nodes", "members of a group")
    return [(*head, "web load", "shards busy", "Redis busy", "p50 ms", "p99 ms"), *map(_row, LAYOUTS)]


def _row(layout: Layout) -> tuple[str, ...]:
    found = simulate(layout)
    p50, p99 = (inf if found.is_overloaded else percentile(found.latencies_ms, share) for share in (0.5, 0.99))
    return (
        f"{layout.payments_per_second:,}",
        "its shard's" if layout.is_by_account else "any",
        str(layout.web_processes),
        f"{layout.shards}, {layout.cores}",
        str(layout.redis_nodes),
        f"{found.group_size:.1f}",
        f"{found.web_load:.0%}",
        f"{found.shard_busy:.0%}",
        f"{found.redis_busy:.0%}",
        "grows" if p50 == inf else f"{p50:.1f}",
        "grows" if p99 == inf else f"{p99:.1f}",
    )


def main() -> int:
    say(table(rows()))
    return 0
