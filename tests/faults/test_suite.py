"""The fault suite itself: a proxy that misbehaves as told, and a journal that keeps what it was given."""

import asyncio
import json
import re
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from time import monotonic
from typing import Any

import pytest

from tests.faults.command import Outcome, _finish, _is_chosen, parse
from tests.faults.controls import CONTROLS, ControlTold
from tests.faults.gateway import Gateway, Tried, _is_definitive
from tests.faults.journal import Journal, Promise
from tests.faults.kinds import FAULTS
from tests.faults.proxy import Mood, Proxy
from tests.faults.sabotage import VARIABLE
from tests.faults.sender import Sender
from tests.faults.story import Told
from tests.webhooks.receiver import Receiver, answers, receiving


@pytest.fixture
def echo_port() -> Iterator[int]:
    """A server that sends back what it is sent."""
    server = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                client, _ = server.accept()
            except OSError:
                return
            threading.Thread(target=_echo, args=(client,), daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    yield server.getsockname()[1]
    server.close()


def _echo(client: socket.socket) -> None:
    with client:
        try:
            while data := client.recv(1024):
                client.sendall(data)
        except OSError:
            return


@pytest.fixture
def proxy(echo_port: int) -> Iterator[Proxy]:
    made = Proxy(echo_port, seed=1)
    yield made
    made.close()


def ask(proxy: Proxy, seconds: float = 0.3) -> bytes | None:
    """What comes back; None when nothing does in time."""
    with socket.create_connection(("127.0.0.1", proxy.port), timeout=5) as opened:
        opened.settimeout(seconds)
        opened.sendall(b"ping")
        try:
            return opened.recv(100)
        except TimeoutError:
            return None


def test_a_calm_proxy_passes_everything(proxy):
    assert ask(proxy) == b"ping"


@pytest.mark.parametrize("mood", [Mood(is_silent=True), Mood(is_half_open=True)])
def test_nothing_comes_back_through_a_silent_or_half_open_one_until_it_calms(proxy, mood):
    proxy.mood = mood
    assert ask(proxy) is None

    proxy.mood = Mood()
    assert ask(proxy) == b"ping"


def test_a_slow_one_holds_each_chunk_back_on_both_ways(proxy):
    proxy.mood = Mood(delay_seconds=0.1)
    started = monotonic()

    assert ask(proxy, 5) == b"ping"
    assert monotonic() - started >= 0.2


def test_connections_are_reset(proxy):
    proxy.mood = Mood(reset_share=1.0)

    with pytest.raises(ConnectionError):
        ask(proxy, 5)


def test_open_connections_are_reset_together(proxy):
    with socket.create_connection(("127.0.0.1", proxy.port), timeout=5) as opened:
        opened.sendall(b"ping")
        assert opened.recv(100) == b"ping"
        proxy.reset_all()
        with pytest.raises(ConnectionError):
            opened.recv(100)


def test_what_the_journal_was_given_is_read_back_from_the_disk(tmp_path):
    promises = [Promise(f"k{number}", 201, f"txn_{number}", "ab") for number in range(3)]
    journal = Journal(tmp_path / "journal")
    for promise in promises:
        journal.keep(promise)
    journal.close()

    again = Journal(tmp_path / "journal")
    assert again.promises() == promises
    again.close()


def test_the_gateway_is_told_what_was_answered_and_that_nothing_was():
    async def send(base_url: str, receiver: Receiver) -> list[int | None]:
        sender = Sender(base_url)
        told = [await sender.post("/hook", b"{}", {"X-Name": "value"}) for _ in range(2)]
        receiver.close()
        told.append(await sender.post("/hook", b"{}", {}))
        sender.close()
        return [answer.status if answer else None for answer in told]

    with receiving(answers(201, b"{}", Connection="close")) as receiver:
        statuses = asyncio.run(send(receiver.url.removesuffix("/hook"), receiver))

        assert statuses == [201, 201, None]
        assert [(each.body, each.headers["x-name"]) for each in receiver.received] == [("{}", "value")] * 2


@pytest.mark.parametrize(
    ("status", "is_definitive"), [(201, True), (422, True), (503, False), (429, False), (409, False)]
)
def test_what_is_unknown_is_asked_again(status, is_definitive):
    assert _is_definitive(status) is is_definitive


@pytest.mark.parametrize(("status", "failed"), [(500, [500]), (503, [])])
def test_an_answer_that_does_not_say_when_to_come_again_is_counted(status, failed, tmp_path):
    async def pay(base_url: str) -> Tried:
        gateway = Gateway(base_url, "key", ["acc_000001"], tmp_path / "journal", "k", 1.0, 1, patience_seconds=0.1)
        sender = Sender(base_url)
        await gateway._pay_one(sender, "k1", 0.5)
        sender.close()
        return gateway.tried[0]

    with receiving(answers(status)) as receiver:
        tried = asyncio.run(pay(receiver.url.removesuffix("/hook")))

    assert (tried.tries, tried.first_status, tried.failed) == (1, status, failed)


def test_the_guide_names_every_kind_of_fault_and_every_control():
    guide = (Path(__file__).parents[2] / "docs" / "reliability.md").read_text()
    names = [fault.name for fault in FAULTS] + [control.name for control in CONTROLS]

    assert [name for name in names if not re.search(rf"\b{name}\b", guide)] == []
    assert len(set(names)) == len(names)
    assert (len(FAULTS), len(CONTROLS)) == (26, 6)


def a_story(**found: Any) -> Told:
    return Told("F1", "PostgreSQL killed", 1, requests=10, acknowledged=10, **found)


def a_control(*, is_detected: bool) -> ControlTold:
    return ControlTold("C1", "asynchronous commits", "lost payments", is_detected, 1, a_story(lost=["k1"]))


@pytest.mark.parametrize(
    ("told", "controls", "code"),
    [
        ([a_story()], [a_control(is_detected=True)], 0),
        ([a_story()], [a_control(is_detected=False)], 1),
        ([a_story(lost=["k1"])], [a_control(is_detected=True)], 1),
        ([a_story(failed=[500])], [a_control(is_detected=True)], 1),
        ([], [a_control(is_detected=True)], 0),
        ([], [], 1),
    ],
    ids=["all held", "a control that was not seen", "a loss", "an answer of 500", "controls alone", "nothing ran"],
)
def test_the_command_fails_when_something_was_lost_or_a_control_was_not_seen(told, controls, code, capsys, tmp_path):
    options = parse(["--json", str(tmp_path / "result.json")])

    assert _finish(Outcome(told, controls), options) == code

    result = json.loads((tmp_path / "result.json").read_text())
    assert result["controls_detected"] == sum(each.is_detected for each in controls)
    assert result["controls_missed"] == [each.control for each in controls if not each.is_detected]


def test_whoever_stops_it_is_told_what_was_found_until_then(capsys):
    stopped = Outcome([a_story()], is_stopped=True)

    assert _finish(stopped, parse([])) == 130
    assert '"requests": 10' in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "chosen"),
    [
        ([], (26, 6)),
        (["--controls"], (0, 6)),
        (["--only", "F4", "C1"], (1, 1)),
        (["--short"], (6, 2)),
    ],
)
def test_what_is_asked_for_runs(words, chosen):
    options = parse(words)

    assert (
        tuple(
            sum(_is_chosen(kind, options, are_controls=are_controls) for kind in kinds)
            for kinds, are_controls in ((FAULTS, False), (CONTROLS, True))
        )
        == chosen
    )


def test_the_product_knows_nothing_of_what_is_taken_away_from_it():
    rooms = ("sentinel", "ledger", "rules", "scoring", "webhooks", "dashboard")
    sources = [path for room in rooms for path in (Path(__file__).parents[2] / room).rglob("*.py")]

    assert len(sources) > 100
    assert [path.name for path in sources if VARIABLE in path.read_text()] == []
