"""The rate counter of the hot routes: exact near the limit, and nobody waits far below it."""

import asyncio
import inspect
import time
from uuid import uuid4

import pytest
from redis import RedisError

from sentinel.api import rate_counter
from sentinel.api.rate_counter import CountedWindow, RateCounter
from sentinel.ops.connections import close_connections


def window(limit):
    return CountedWindow(uuid4().hex, f"{limit}/h", limit, 3600, int(time.time()) + 3600)


def run(work):
    async def with_connections():
        try:
            return await work()
        finally:
            await close_connections()

    return asyncio.run(with_connections())


async def count(counter, counted):
    found = counter.add_one(counted)
    return await found if inspect.isawaitable(found) else found


async def settled(counter):
    if counter._asking is not None:
        await counter._asking


def test_requests_of_one_moment_are_numbered_one_by_one():
    async def work():
        counter, counted = RateCounter(), window(100)
        return await asyncio.gather(*(count(counter, counted) for _ in range(30)))

    assert run(work) == list(range(1, 31))


def test_far_below_the_limit_nobody_waits_and_redis_learns_of_all():
    async def work():
        counter, counted = RateCounter(), window(1000)
        await count(counter, counted)
        numbers = [counter.add_one(counted) for _ in range(40)]
        await settled(counter)
        return numbers, await count(RateCounter(), counted)

    assert run(work) == (list(range(2, 42)), 42)


def test_a_process_counts_no_more_than_a_twentieth_before_redis_has_confirmed_it():
    async def work():
        counter, counted = RateCounter(), window(200)
        await count(counter, counted)
        found = [counter.add_one(counted) for _ in range(12)]
        at_once = [each for each in found if isinstance(each, int)]
        return at_once, [await each for each in found if not isinstance(each, int)]

    at_once, awaited = run(work)

    assert at_once == list(range(2, 12))
    assert awaited == [12, 13]


def test_near_the_limit_what_other_processes_counted_is_counted_too():
    async def work():
        here, there, counted = RateCounter(), RateCounter(), window(10)
        await count(here, counted)
        for _ in range(8):
            await count(there, counted)
        await settled(there)
        return [await count(here, counted) for _ in range(2)]

    assert run(work) == [10, 11]


def test_without_redis_every_request_hears_of_it(monkeypatch):
    async def broken(numbers):
        raise RedisError("away")

    async def work():
        counter, counted = RateCounter(), window(1000)
        await count(counter, counted)
        monkeypatch.setattr(rate_counter, "_increment", broken)
        counter.add_one(counted)  # does not wait, and cannot hear of it
        await settled(counter)
        with pytest.raises(RedisError):
            await count(counter, counted)

    run(work)
