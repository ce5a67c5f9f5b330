"""The short way over PostgreSQL connections: what is asked together succeeds or fails together."""

import asyncio
from contextlib import asynccontextmanager
from datetime import date
from uuid import UUID

import pytest
from psycopg import OperationalError
from psycopg.errors import DivisionByZero
from psycopg.pq import TransactionStatus

from sentinel.ops.connections import runtime_conninfo
from sentinel.ops.postgres_line import LineConnection

pytestmark = pytest.mark.django_db

BEGIN, COMMIT = ("BEGIN", ()), ("COMMIT", ())


def run(work):
    async def connected():
        async with line() as connection:
            return await work(connection)

    return asyncio.run(connected())


def test_each_question_gets_its_rows_with_the_types_of_python():
    async def work(connection):
        typed = "SELECT %s::uuid, %s::date, NULL, true, %b::bytea"
        nobody = "SELECT 1 WHERE false"
        return await connection.ask((typed, [str(UUID(int=7)), "2026-11-22", b"\x00\xff"]), (nobody, ()))

    assert run(work) == [[(UUID(int=7), date(2026, 11, 22), None, True, b"\x00\xff")], []]


def test_a_question_asked_again_is_planned_once():
    async def work(connection):
        answers = [await connection.ask(("SELECT %s::int + 1", [str(number)])) for number in range(3)]
        planned = await connection.ask(
            ("SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE %s", ["%+ 1"])
        )
        return answers, planned

    answers, planned = run(work)

    assert answers == [[[(1,)]], [[(2,)]], [[(3,)]]]
    assert planned == [[(1,)]]


def test_after_a_failure_nothing_is_committed_and_the_connection_goes_on():
    async def work(connection):
        await connection.ask(("CREATE TEMP TABLE noted (number int)", ()))
        with pytest.raises(DivisionByZero):
            await connection.ask(BEGIN, ("INSERT INTO noted VALUES (1)", ()), ("SELECT 1 / %s::int", ["0"]), COMMIT)
        in_error = connection.pgconn.transaction_status
        await connection.rollback()
        return in_error, await connection.ask(("SELECT count(*) FROM noted", ()))

    assert run(work) == (TransactionStatus.INERROR, [[(0,)]])


def test_questions_and_psycopgs_own_statements_take_turns():
    async def work(connection):
        first = await connection.ask(("SELECT %s::int", ["1"]))
        second = await (await connection.execute("SELECT %s", [2])).fetchone()
        await connection.ask(BEGIN)
        await connection.rollback()
        return first, second, await connection.ask(("SELECT %s::int", ["3"]))

    assert run(work) == ([[(1,)]], (2,), [[(3,)]])


def test_more_than_the_socket_holds_arrives_whole():
    async def work(connection):
        return await connection.ask(("SELECT length(%s)", ["x" * 20_000_000]))

    assert run(work) == [[(20_000_000,)]]


def test_whoever_is_interrupted_leaves_a_closed_connection():
    async def work(connection):
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(connection.ask(("SELECT pg_sleep(5)", ())), 0.1)
        return connection.closed

    assert run(work)


def test_a_connection_that_is_cut_is_an_error_and_not_an_endless_wait():
    async def work(connection):
        async with line() as other:
            pid = connection.pgconn.backend_pid
            asked = asyncio.ensure_future(connection.ask(("SELECT pg_sleep(5)", ())))
            await asyncio.sleep(0.1)
            await other.ask(("SELECT pg_terminate_backend(%s)", [str(pid)]))
            with pytest.raises(OperationalError):
                await asyncio.wait_for(asked, 3)
            with pytest.raises(OperationalError):
                await connection.ask(("SELECT 1", ()))

    run(work)


@asynccontextmanager
async def line():
    connection = await LineConnection.connect(runtime_conninfo(), autocommit=True)
    try:
        yield connection
    finally:
        await connection.close()
