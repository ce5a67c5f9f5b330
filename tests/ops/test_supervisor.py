"""The supervisor with real processes: order, patience, restarts, and nobody left behind."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from sentinel.ops import state, supervisor
from sentinel.ops.console import Refusal
from sentinel.ops.embedded.processes import Child
from sentinel.ops.supervisor import Supervisor

WAITS = "import signal, sys, time; signal.signal(signal.SIGTERM, lambda *_: (print('bye', flush=True), sys.exit(0)))"


def python(name: str, code: str, **rest) -> Child:
    return Child(name, [sys.executable, "-c", textwrap.dedent(code)], **rest)


def waiting(name: str, **rest) -> Child:
    return python(name, f"{WAITS}\nprint('here', flush=True)\ntime.sleep(60)", **rest)


def is_alive(pid: int) -> bool:
    """A zombie counts as dead: nothing of it runs."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def wait_until(condition, seconds=10.0) -> bool:
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.05)
    return bool(condition())


def logged(folder: Path, name: str, words: str):
    return lambda: words in (folder / f"{name}.log").read_text()


def test_children_stop_in_reverse_order(tmp_path):
    order = tmp_path / "order"
    code = """
        import pathlib, signal, sys, time
        def leave(*_):
            with open({order!r}, "a") as file: file.write({name!r} + " ")
            sys.exit(0)
        signal.signal(signal.SIGTERM, leave)
        print("here", flush=True)
        time.sleep(60)
    """
    with Supervisor(tmp_path) as children:
        for name in ("database", "web", "traffic"):
            ready = logged(tmp_path, name, "here")
            children.start(python(name, code.format(order=str(order), name=name), is_ready=ready))

    assert order.read_text().split() == ["traffic", "web", "database"]


def test_one_that_will_not_stop_is_killed(tmp_path):
    stubborn = python(
        "stubborn",
        f"{WAITS}\nsignal.signal(signal.SIGTERM, signal.SIG_IGN); print('here', flush=True); time.sleep(60)",
        is_ready=logged(tmp_path, "stubborn", "here"),
        stop_seconds=0.3,
    )
    started = time.monotonic()

    with Supervisor(tmp_path) as children:
        children.start(stubborn)
        process = children.running[0].process

    assert process.returncode == -signal.SIGKILL
    assert time.monotonic() - started < 10


def test_one_that_ends_at_once_is_refused_with_its_last_words(tmp_path):
    with Supervisor(tmp_path) as children, pytest.raises(Refusal, match=r"exit code 3.*\n.*no such port"):
        children.start(python("web", "print('no such port'); exit(3)", is_ready=lambda: False))


def test_one_that_is_never_ready_is_refused(tmp_path):
    with Supervisor(tmp_path) as children, pytest.raises(Refusal, match="not ready after 0 s"):
        children.start(waiting("web", is_ready=lambda: False, ready_seconds=0.3))


def test_one_that_dies_is_started_again(tmp_path):
    with Supervisor(tmp_path) as children:
        children.start(waiting("web", is_ready=logged(tmp_path, "web", "here")))
        first = children.running[0].process
        first.kill()
        first.wait()

        children.watch_once()

        assert children.running[0].process.pid != first.pid
        assert children.running[0].process.poll() is None


def test_one_that_keeps_dying_stops_everything(tmp_path):
    with Supervisor(tmp_path) as children:
        children.start(python("worker", "exit(1)"))

        with pytest.raises(Refusal, match="after 3 restarts"):
            children.watch()


def test_new_log_lines_are_shown_whole_with_the_childs_name(tmp_path, capsys):
    log = tmp_path / "web.log"
    log.write_text("old\n")
    running = supervisor.Running(waiting("web"), process=None, log=log, read_to=4)  # type: ignore[arg-type]

    log.write_text("old\nfirst\nhal")
    supervisor.show_new_lines(running)
    log.write_text("old\nfirst\nhalf\n")
    supervisor.show_new_lines(running)

    assert capsys.readouterr().out == "web      | first\nweb      | half\n"


SUPERVISING = """
import sys
from pathlib import Path
from sentinel.ops.embedded.processes import Child
from sentinel.ops.supervisor import StopRequested, Supervisor
folder = Path(sys.argv[1])
forks = "import os, time; os.fork(); print('here', os.getpid(), flush=True); time.sleep(60)"
with Supervisor(folder) as children:
    children.start(Child("single", [sys.executable, "-c", "import time; print('here', flush=True); time.sleep(60)"]))
    children.start(Child("forking", [sys.executable, "-c", forks]))
    print(*[running.process.pid for running in children.running], flush=True)
    try:
        children.watch()
    except StopRequested:
        pass
"""


def start_supervising(folder: Path) -> tuple[subprocess.Popen[str], list[int]]:
    process = subprocess.Popen(
        [sys.executable, "-c", SUPERVISING, str(folder)], cwd=state.ROOT, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    pids = [int(pid) for pid in process.stdout.readline().split()]
    process.stdout.close()
    assert wait_until(lambda: (folder / "forking.log").read_text().count("here") == 2)
    lines = (folder / "forking.log").read_text().split("\n")
    return process, [*pids, *(int(line.split()[1]) for line in lines if line)]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_all_and_what_they_forked(tmp_path, number):
    process, pids = start_supervising(tmp_path)

    process.send_signal(number)

    assert process.wait(timeout=10) == 0
    assert wait_until(lambda: not any(is_alive(pid) for pid in pids))


def test_kill_9_leaves_no_child_behind(tmp_path):
    process, pids = start_supervising(tmp_path)
    children = pids[:2]

    process.kill()
    process.wait()

    try:
        assert wait_until(lambda: not any(is_alive(pid) for pid in children))
    finally:
        for pid in pids:  # a fork that does not look after itself is left by this stand-in
            if is_alive(pid):
                os.kill(pid, signal.SIGKILL)
