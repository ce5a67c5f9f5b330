"""The simulation of many machines: its queues are those of the books, its table is the document's."""

import re
from dataclasses import replace
from math import factorial
from random import Random

import pytest

from bench.queueing import poisson_arrivals, serve, serve_groups
from bench.scale import LAYOUTS, SHARD_GROUP_US, SHARD_PAYMENT_US, WEB_PAYMENT_US, rows, simulate
from tests.docs.documents import DOCS

UNTIL_SECONDS = 4_000.0


def mean(values: list[float]) -> float:
    return sum(values) / len(values)


def erlang_c(load: float, servers: int) -> float:
    """The share of arrivals that wait in M/M/c, of an offered load in servers. Erlang 1917."""
    all_busy = load**servers / factorial(servers) * servers / (servers - load)
    return all_busy / (sum(load**n / factorial(n) for n in range(servers)) + all_busy)


@pytest.mark.parametrize(("per_second", "servers"), [(30.0, 1), (80.0, 2), (170.0, 4)])
def test_several_servers_wait_as_long_as_erlang_says(per_second, servers):
    rate, chance = 50.0, Random(3)
    arrivals = poisson_arrivals(chance, per_second, UNTIL_SECONDS)
    jobs = [(arrival, chance.expovariate(rate)) for arrival in arrivals]

    done = serve(jobs, servers)

    waited = mean([end - arrival - seconds for end, (arrival, seconds) in zip(done, jobs, strict=True)])
    expected = erlang_c(per_second / rate, servers) / (servers * rate - per_second)
    assert waited == pytest.approx(expected, rel=0.06)


def test_one_server_of_equal_jobs_waits_as_long_as_pollaczek_and_khinchine_say():
    per_second, seconds = 70.0, 0.01
    arrivals = poisson_arrivals(Random(5), per_second, UNTIL_SECONDS)

    groups = serve_groups(arrivals, 1, lambda _: seconds)

    load = per_second * seconds
    waited = mean([group.done_at - arrivals[group.first] - seconds for group in groups])
    assert waited == pytest.approx(load * seconds / (2 * (1 - load)), rel=0.04)


def test_groups_take_whoever_waits_and_nobody_twice():
    groups = serve_groups([0.0, 0.1, 0.2, 0.3, 5.0], 2, lambda size: size * 1.0)

    assert [(group.first, group.end, group.done_at) for group in groups] == [
        (0, 1, 1.0),
        (1, 3, 3.0),
        (3, 4, 4.0),
        (4, 5, 6.0),
    ]


def test_groups_grow_with_the_load_and_never_beyond_the_most():
    calm, busy = (
        simulate(replace(LAYOUTS[0], payments_per_second=per_second, cores=8)) for per_second in (200, 1_800)
    )

    assert 1 <= calm.group_size < busy.group_size <= 64


def test_more_payments_than_the_members_of_full_groups_leave_room_for_are_too_many():
    most = int(1e6 / WEB_PAYMENT_US)

    assert not simulate(replace(LAYOUTS[0], payments_per_second=most - 100, cores=8)).is_overloaded
    assert simulate(replace(LAYOUTS[0], payments_per_second=most + 100, cores=8)).is_overloaded


def test_a_shard_works_as_much_as_its_groups_and_their_members_cost():
    layout = replace(LAYOUTS[0], payments_per_second=800)
    found = simulate(layout)

    each_us = SHARD_GROUP_US / found.group_size + SHARD_PAYMENT_US
    assert found.shard_busy == pytest.approx(800 * each_us / 1e6 / layout.cores, rel=0.05)


def test_the_same_seed_gives_the_same_latencies():
    assert simulate(LAYOUTS[0]).latencies_ms == simulate(LAYOUTS[0]).latencies_ms
    assert simulate(LAYOUTS[0]).latencies_ms != simulate(LAYOUTS[0], seed=1).latencies_ms


def test_the_document_shows_what_the_command_prints():
    lines = re.findall(r"^\| (.*) \|$", (DOCS / "scale.md").read_text(), re.MULTILINE)
    head, *expected = rows()
    first = lines.index(" | ".join(head))

    assert [tuple(line.split(" | ")) for line in lines[first + 1 : first + 1 + len(expected)]] == expected
