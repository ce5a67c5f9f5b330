"""Starts children in order, waits until each is ready, keeps them running and stops them in reverse order."""

import signal
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import Popen
from types import FrameType, TracebackType
from typing import Self

from sentinel.ops.console import Refusal, say
from sentinel.ops.embedded.processes import Child, signal_group, spawn

POLL_SECONDS = 0.1
RESTARTS_MAX = 3
RESTARTS_WINDOW_SECONDS = 300
LOG_BYTES_MAX = 20_000_000
LOG_LINES_SHOWN = 20


class StopRequested(BaseException):
    """A signal asked for the end. Like KeyboardInterrupt, nothing that handles errors may swallow it."""


@dataclass
class Running:
    child: Child
    process: Popen[bytes]
    log: Path
    read_to: int
    restarted_at: list[float] = field(default_factory=list)


class Supervisor:
    """Used as a context: leaving it stops everything that was started.

    Children write straight into their log files, so that none of them can block on a supervisor that is slow or
    dead. Each one dies with the supervisor; see `spawn`.
    """

    def __init__(self, log_folder: Path) -> None:
        self.log_folder = log_folder
        self.running: list[Running] = []
        self._stopping = False
        self._old_handlers: dict[int, signal._HANDLER] = {}

    def __enter__(self) -> Self:
        self.log_folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            self._old_handlers[number] = signal.signal(number, self._on_signal)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        for number, handler in self._old_handlers.items():
            signal.signal(number, handler)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        if not self._stopping:
            raise StopRequested(signal.Signals(number).name)

    def start(self, child: Child) -> None:
        """Returns when the child is ready. A child that ends or takes too long is a `Refusal`."""
        log = self.log_folder / f"{child.name}.log"
        if log.exists() and log.stat().st_size > LOG_BYTES_MAX:
            log.replace(log.with_suffix(".log.1"))
        running = Running(child, self._spawn(child, log), log, read_to=0)
        self.running.append(running)
        self._wait_until_ready(running)

    def _spawn(self, child: Child, log: Path) -> Popen[bytes]:
        with log.open("ab") as output:
            return spawn(child, output)

    def _wait_until_ready(self, running: Running) -> None:
        child = running.child
        deadline = time.monotonic() + child.ready_seconds
        while not child.is_ready():
            if running.process.poll() is not None:
                raise Refusal(f"{child.name} ended with {exit_words(running.process)}.{last_lines(running.log)}")
            if time.monotonic() > deadline:
                raise Refusal(
                    f"{child.name} was not ready after {child.ready_seconds:.0f} s.{last_lines(running.log)}"
                )
            time.sleep(POLL_SECONDS)

    def run(self, command: list[str], environment: dict[str, str], folder: Path) -> None:
        """Runs a command to its end, in the open. A failure is a `Refusal`; its own words stand above."""
        child = Child(command[-1], command, environment, folder)
        process = spawn(child, None)
        try:
            code = process.wait()
        except BaseException:
            signal_group(process, signal.SIGKILL)
            process.wait()
            raise
        if code:
            raise Refusal(f"`{child.name}` failed with {exit_words(process)}; see above.")

    def watch(self) -> None:
        """Shows what the children log and restarts those that die, until a signal or a `Refusal` ends it."""
        for running in self.running:
            running.read_to = running.log.stat().st_size
        while True:
            self.watch_once()
            time.sleep(POLL_SECONDS)

    def watch_once(self) -> None:
        for running in self.running:
            if running.child.echo:
                show_new_lines(running)
            if running.process.poll() is not None:
                self._restart(running)

    def _restart(self, running: Running) -> None:
        child, now = running.child, time.monotonic()
        words = f"{child.name} ended unexpectedly with {exit_words(running.process)}"
        running.restarted_at = [at for at in running.restarted_at if now - at < RESTARTS_WINDOW_SECONDS]
        if len(running.restarted_at) >= RESTARTS_MAX:
            raise Refusal(f"{words}, after {RESTARTS_MAX} restarts.{last_lines(running.log)}")
        running.restarted_at.append(now)
        say(f"{words}. Restarting it ({len(running.restarted_at)} of {RESTARTS_MAX}).")
        signal_group(running.process, signal.SIGKILL)  # what it forked may have survived it
        running.process = self._spawn(child, running.log)
        self._wait_until_ready(running)

    def stop(self) -> None:
        """Stops the children, last started first. Each gets its own time; after it, it is killed."""
        self._stopping = True
        while self.running:
            running = self.running.pop()
            process, child = running.process, running.child
            if process.poll() is None:
                # Only the child itself: how its own workers stop is its business.
                process.send_signal(child.stop_signal)
                wait(process, child.stop_seconds)
            signal_group(process, signal.SIGKILL)
            process.wait()
        self._stopping = False


def wait(process: Popen[bytes], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.02)


def show_new_lines(running: Running) -> None:
    """Prints the whole lines that were added to the log, each after the child's name."""
    with running.log.open("rb") as file:
        file.seek(running.read_to)
        whole, newline, _ = file.read().rpartition(b"\n")
    if newline:
        running.read_to += len(whole) + 1
        for line in whole.decode(errors="replace").splitlines():
            sys.stdout.write(f"{running.child.name:<8} | {line}\n")
        sys.stdout.flush()


def last_lines(log: Path) -> str:
    lines = log.read_text(errors="replace").splitlines()[-LOG_LINES_SHOWN:]
    shown = "\n".join(f"  | {line}" for line in lines)
    return f" The last lines of {log}:\n{shown}" if lines else f" Its log {log} is empty."


def exit_words(process: Popen[bytes]) -> str:
    code = process.returncode
    return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
