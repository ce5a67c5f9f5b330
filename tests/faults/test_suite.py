"""The fault suite itself: a proxy that misbehaves as told, and a journal that keeps what it was given."""

import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from time import monotonic

import pytest

from tests.faults.gateway import _is_definitive
from tests.faults.journal import Journal, Promise
from tests.faults.kinds import FAULTS
from tests.faults.proxy import Mood, Proxy


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


@pytest.mark.parametrize(
    ("status", "is_definitive"), [(201, True), (422, True), (503, False), (429, False), (409, False)]
)
def test_what_is_unknown_is_asked_again(status, is_definitive):
    assert _is_definitive(status) is is_definitive


def test_the_guide_names_every_kind_of_fault():

    guide = (Path(__file__).parents[2] / "docs" / "reliability.md").read_text()

    assert [fault.name for fault in FAULTS if fault.name not in guide] == []
    assert len({fault.name for fault in FAULTS}) == len(FAULTS) >= 20
