"""What the command accepts, and which servers and loads follow from it."""

import pytest

from bench import command, other_service, own_service
from bench.clock import Clock
from bench.scenarios import NAMES
from bench.stack import LEAN, ONE_COMMIT, STOCK, WEB, new_run
from sentinel.core.card_numbers import contains_card_number


def test_everything_is_measured_when_nothing_is_named():
    options = command.parse([])

    assert own_service.chosen(options) == list(NAMES)
    assert own_service.servers_of(NAMES) == [WEB, STOCK, LEAN, ONE_COMMIT]
    assert (options.rounds, options.seconds, options.in_flight, options.accounts) == (3, 8.0, 64, 2000)


def test_only_the_servers_that_are_needed_are_started():
    options = command.parse(["--only", "lean-hello", "rules"])

    assert own_service.chosen(options) == ["lean-hello", "rules"]
    assert own_service.servers_of(own_service.chosen(options)) == [WEB, LEAN]


def test_rules_and_a_simulation_are_measured_by_their_name():
    assert command.parse([]).what is None
    assert command.parse(["rules"]).what == "rules"
    assert command.parse(["simulation", "--history", "50000"]).history == 50_000


def test_the_queue_is_measured_over_a_large_bank_unless_told_otherwise():
    options = command.parse(["queue"])
    assert (options.what, options.cases, options.accounts) == ("queue", 100_000, 10_000)
    assert command.parse(["queue", "--cases", "50", "--accounts", "20"]).accounts == 20


def test_a_mode_of_its_own_leaves_the_scenarios_out():
    assert own_service.chosen(command.parse(["--memory"])) == []
    assert own_service.chosen(command.parse(["--history", "20000", "--only", "single"])) == ["single"]


@pytest.mark.parametrize(
    "arguments",
    [
        ["--only", "nothing"],
        ["--rounds", "0"],
        ["--seconds", "-1"],
        ["--url", "http://127.0.0.1:8000"],
        ["--url", "ftp://127.0.0.1", "--api-key", "sk"],
        ["--url", "http://bank.example", "--api-key", "sk"],
        ["--url", "http://127.0.0.1:8000", "--api-key", "sk", "--memory"],
    ],
)
def test_what_makes_no_sense_is_refused(arguments, monkeypatch, capsys):
    monkeypatch.delenv("SENTINEL_API_KEY", raising=False)

    with pytest.raises(SystemExit) as ended:
        command.parse(arguments)

    assert ended.value.code == 2
    assert "usage" in capsys.readouterr().err


def test_a_foreign_server_needs_a_word_that_it_is_ones_own():
    options = command.parse(["--url", "http://10.0.0.7", "--api-key", "sk", "--i-own-this-server"])

    assert options.url == "http://10.0.0.7"


def test_over_http_the_yardsticks_are_left_out():
    names, left_out = other_service.chosen(NAMES)

    assert names == ["single", "single-32", "lonely", "bulk", "score", "hot-account", "replays"]
    assert left_out == ["stock-hello", "lean-hello", "single-one-commit", "rules", "model", "fdatasync"]


def test_keys_of_a_run_never_look_like_a_card_number():
    assert not any(contains_card_number(f"{new_run()}-12-1234567") for _ in range(200))


def test_the_clock_runs_at_four_payments_an_account_and_day():
    clock = Clock.for_accounts(2000, now_seconds=1e9)
    start = clock.next_seconds

    clock.advance(ordinary=8000, hot=5)

    assert clock.next_seconds == pytest.approx(start + 86_400)
    assert clock.hot_next_seconds == start + 5
    assert clock.has_room(1e9)
    assert not clock.has_room(start)
