"""Calls on their way to the database: bounded while it is away, and nobody waits for them."""

import asyncio
from contextlib import asynccontextmanager
from uuid import uuid4

import pytest

from dashboard.services import calls
from sentinel.core.errors import Unavailable
from sentinel.ops import metrics
from sentinel.ops.request_meter import FinishedRequest

MINUTE = 1_769_860_800


@pytest.fixture
def sent(monkeypatch):
    """What would have gone to the database. `away` makes it refuse."""
    rows: list[tuple[str, str]] = []
    state = {"away": False}

    class Line:
        async def ask(self, question):
            rows.append((question[0], question[1][0]))

    @asynccontextmanager
    async def reading():
        if state["away"]:
            raise Unavailable
        yield Line()

    monkeypatch.setattr(calls, "reading", reading)
    monkeypatch.setattr(calls, "RETRY_SECONDS", 0.01)
    return rows, state


def finished(number=0, **fields):
    usual = FinishedRequest(MINUTE + number, "/api/v1/labels", "GET", 200, 12.0, f"caller-id-{number:04}", uuid4())
    return usual._replace(**fields)


def run(work):
    async def within() -> object:
        return await work(calls._Keeper())

    return asyncio.run(within())


async def settled(keeper):
    if keeper.writing is not None:
        await keeper.writing


def test_they_are_sent_together_and_minutes_beside_them(sent):
    rows, _ = sent

    async def work(keeper):
        keeper.take([finished(number) for number in range(3)])
        await settled(keeper)

    run(work)

    assert [statement.split()[2] for statement, _ in rows] == ["dashboard_apicall", "dashboard_requestminute"]
    assert rows[0][1].count('"route"') == 3
    assert '"requests":3' in rows[1][1]


def test_while_the_database_is_away_they_wait_and_nothing_is_counted_twice(sent):
    rows, state = sent
    state["away"] = True

    async def work(keeper):
        keeper.take([finished(1)])
        await settled(keeper)
        assert (len(keeper.waiting), rows) == (1, [])
        state["away"] = False
        keeper.take([finished(2)])
        await settled(keeper)
        return len(keeper.waiting)

    assert run(work) == 0
    assert [row.count('"route"') for _, row in rows] == [2, 1]
    assert '"requests":2' in rows[1][1]


def test_beyond_the_bound_the_oldest_are_given_up_and_counted(sent, monkeypatch):
    _, state = sent
    state["away"] = True
    monkeypatch.setattr(calls, "WAITING_MAX", 10)
    before = metrics.REGISTRY.get_sample_value("sentinel_not_kept_total", {"what": "calls"}) or 0

    async def work(keeper):
        keeper.take([finished(number) for number in range(25)])
        await settled(keeper)
        return [each.request_id for each in keeper.waiting]

    assert run(work) == [f"caller-id-{number:04}" for number in range(15, 25)]
    assert metrics.REGISTRY.get_sample_value("sentinel_not_kept_total", {"what": "calls"}) == before + 15


def test_pages_and_probes_are_no_calls_of_clients(sent):
    rows, _ = sent

    async def work(keeper):
        keeper.take([finished(route="/livez", client_id=None), finished(route="/admin/ledger/", status=500)])
        await settled(keeper)

    run(work)

    assert [statement.split()[2] for statement, _ in rows] == ["dashboard_requestminute"]


@pytest.mark.parametrize(("sample", "kept"), [(1, 10), (4, 2), (0, 0)])
def test_the_setting_says_how_many_good_ones(sent, settings, sample, kept):
    settings.CALL_SAMPLE = sample
    rows, _ = sent

    async def work(keeper):
        keeper.take([finished(number) for number in range(10)])
        await settled(keeper)

    run(work)

    assert sum(row.count('"route"') for statement, row in rows if "apicall" in statement) == kept


def test_minutes_that_are_over_and_told_are_let_go(sent):
    async def work(keeper):
        keeper.take([finished()])  # of long ago
        await settled(keeper)
        return keeper.minutes, keeper.changed

    assert run(work) == ({}, set())
