"""Lines of the log: JSON for machines, plain for people, and nothing in either that should not be told."""

import json
import logging
import sys

import pytest

from sentinel.ops.log_format import formatter
from sentinel.ops.request_ids import request_id_now


def record(message, *arguments, error=None):
    return logging.LogRecord("ledger.services", logging.WARNING, __file__, 1, message, arguments, error)


def raised(words):
    try:
        raise ValueError(words)
    except ValueError:
        return sys.exc_info()


@pytest.fixture(autouse=True)
def outside_of_requests():
    token = request_id_now.set("")
    yield
    request_id_now.reset(token)


def test_a_line_is_json_with_the_id_of_the_request():
    token = request_id_now.set("req_abc")
    try:
        line = formatter("json").format(record("%s rows wait", 3))
    finally:
        request_id_now.reset(token)

    content = json.loads(line)
    assert content.pop("timestamp").endswith("Z")
    assert content == {
        "event": "3 rows wait", "level": "warning", "logger": "ledger.services", "request_id": "req_abc",
    }  # fmt: skip


@pytest.mark.parametrize("kind", ["json", "plain"])
def test_a_hostile_text_stays_one_line_without_secrets(kind):
    line = formatter(kind).format(record("name %s", "x\n2026-01-31 12:00:00 ERROR root FAKE password=hunter2\x1b[2J"))

    assert "\n" not in line
    assert "hunter2" not in line
    assert "\x1b" not in line


@pytest.mark.parametrize("kind", ["json", "plain"])
def test_tracebacks_are_masked_too(kind):
    error = raised("card 4111111111111111\nERROR root FAKE token=abc123def")
    line = formatter(kind).format(record("it failed", error=error))

    assert "ValueError" in line
    assert "4111111111111111" not in line
    assert "abc123def" not in line
    assert not any(each.startswith("ERROR") for each in line.splitlines())


def test_a_plain_line_is_for_people():
    line = formatter("plain").format(record("%s rows wait", 3))

    assert line[19:] == " WARNING ledger.services 3 rows wait"
