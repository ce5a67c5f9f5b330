"""The line to Redis: answers go to whoever asked, and a line that was cut tells everyone who waits."""

import asyncio
import socket
import time
from contextlib import asynccontextmanager, suppress
from functools import partial
from uuid import uuid4

import pytest
from django.conf import settings
from redis import RedisError, ResponseError

from sentinel.ops import redis_line
from sentinel.ops.connections import close_connections, redis_ask
from sentinel.ops.connections import redis_line as redis_line_here
from sentinel.ops.redis_line import RedisLink, redis_connect


def test_callers_who_ask_at_once_get_their_own_answers():
    async def ask(line, name):
        await line.ask([("SET", name, name, "EX", 5), ("INCRBY", f"{name}:number", 3)])
        return await line.ask([("GET", name), ("INCRBY", f"{name}:number", 4), ("DEL", name, f"{name}:number")])

    async def run():
        async with connected() as line:
            return await asyncio.gather(*(ask(line, name) for name in names))

    names = [f"test-line:{uuid4().hex}" for _ in range(20)]

    assert asyncio.run(run()) == [[name.encode(), 7, 2] for name in names]


def test_nothing_asked_is_nothing_answered():
    async def run():
        async with connected() as line:
            return await line.ask([])

    assert asyncio.run(run()) == []


def test_a_refused_command_is_an_error_of_its_asker_only():
    async def run():
        async with connected() as line:
            wrong = line.ask([("GET", "test-line:none"), ("INCRBY", "test-line:none", "many")])
            return await asyncio.gather(wrong, line.ask([("PING",)]), return_exceptions=True)

    wrong, right = asyncio.run(run())

    assert isinstance(wrong, ResponseError)
    assert right == [b"PONG"]


def test_an_asker_who_leaves_does_not_mix_up_the_answers():
    async def run():
        async with connected() as line:
            leaving = asyncio.ensure_future(line.ask([("ECHO", "first")]))
            await asyncio.sleep(0)
            leaving.cancel()
            return await line.ask([("ECHO", "second")])

    assert asyncio.run(run()) == [b"second"]


def test_a_redis_that_does_not_answer_costs_one_time_out_for_all(monkeypatch):
    monkeypatch.setattr(redis_line, "PATIENCE_SECONDS", 0.2)

    async def run():
        async with connected() as line:
            # Redis itself holds the answer back, and so those behind it.
            late = line.ask([("BLPOP", f"test-line:{uuid4().hex}", 5)])
            answers = await asyncio.gather(late, line.ask([("PING",)]), return_exceptions=True)
            return answers, line.is_open

    answers, is_open = asyncio.run(run())

    assert [isinstance(answer, RedisError) for answer in answers] == [True, True]
    assert not is_open


def test_a_closed_line_refuses_at_once():
    async def run():
        async with connected() as line:
            line.close()
            await line.ask([("PING",)])

    with pytest.raises(RedisError):
        asyncio.run(run())


def test_a_line_that_was_cut_is_replaced_by_a_new_one():
    async def run():
        try:
            (await redis_line_here()).close()
            return await redis_ask([("PING",)])
        finally:
            await close_connections()

    assert asyncio.run(run()) == [b"PONG"]


@asynccontextmanager
async def connected():
    line = await redis_connect(settings.REDIS_URL)
    try:
        yield line
    finally:
        line.close()
        await asyncio.sleep(0)


def test_a_redis_that_is_away_keeps_only_those_waiting_who_notice_it_first():
    async def run(port):
        link = RedisLink(partial(redis_connect, f"redis://127.0.0.1:{port}/0"))
        return [await seconds_until_refused(link) for _ in range(3)]

    with socket.create_server(("127.0.0.1", 0)) as silent:  # takes connections and never says a word
        first, *others = asyncio.run(run(silent.getsockname()[1]))

    assert first >= redis_line.PATIENCE_SECONDS
    assert max(others) < 0.1


def test_a_redis_that_is_back_is_found_beside_the_requests():
    async def run():
        urls = iter(["redis://127.0.0.1:1/0"])
        link = RedisLink(lambda: redis_connect(next(urls, settings.REDIS_URL)))
        await seconds_until_refused(link)
        refused = await seconds_until_refused(link)
        try:
            return refused, await (await found(link)).ask([("PING",)])
        finally:
            link.close()
            await asyncio.sleep(0)

    refused_seconds, answer = asyncio.run(run())

    assert refused_seconds < 0.1
    assert answer == [b"PONG"]


async def seconds_until_refused(link):
    started = time.monotonic()
    with pytest.raises(RedisError):
        await link.line()
    return time.monotonic() - started


async def found(link):
    """The line, asked for again and again, as payments do."""
    async with asyncio.timeout(5):
        while True:
            with suppress(RedisError):
                return await link.line()
            await asyncio.sleep(0.02)
