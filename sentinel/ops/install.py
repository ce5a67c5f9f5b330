"""Installs a lock file into the virtual environment and shows how far it is. Standard library only."""

import io
import os
import re
import subprocess
import sys
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path

from sentinel.ops.console import Refusal, overwrite, say

QUIET_LINE_SECONDS = 15
_PINNED = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)(?:\[[^\]]*\])?==", re.MULTILINE)
_COLLECTED = re.compile(r"^(?:Collecting|Requirement already satisfied:) ([A-Za-z0-9._-]+)")


@dataclass
class Progress:
    """What pip's lines and the folder it fills say about how far it is."""

    total: int
    collected: int = 0
    package: str = ""
    installing: bool = False
    last_lines: deque[str] = field(default_factory=lambda: deque(maxlen=15))

    def read(self, line: str) -> None:
        self.last_lines.append(line.rstrip())
        if match := _COLLECTED.match(line):
            self.collected, self.package = self.collected + 1, match[1]
        self.installing = self.installing or line.startswith("Installing collected packages")

    def words(self, installed: int, elapsed_seconds: float) -> str:
        done, doing = (installed, "installing") if self.installing else (self.collected, "downloading")
        name = "" if self.installing else f"  {self.package}"
        return f"  {doing} {min(done, self.total)} of {self.total} packages, {elapsed_seconds:.0f} s{name}"


def pinned_names(lock_text: str) -> list[str]:
    return _PINNED.findall(lock_text)


def install_command(venv: Path, lock: Path, *, uv: str | None) -> list[str]:
    python = str(venv / "bin" / "python")
    # The lock names every package: asked for dependencies, pip would look at releases that came after it.
    pinned = ["--require-hashes", "--no-deps", "--only-binary", ":all:", "-r", str(lock)]
    if uv:
        return [uv, "pip", "install", "--python", python, *pinned]
    quiet = ["--no-input", "--disable-pip-version-check", "--progress-bar", "off"]
    return [python, "-m", "pip", "install", *quiet, *pinned]


def install_packages(venv: Path, lock: Path, *, uv: str | None) -> None:
    """Runs the installer to its end. A failure becomes a `Refusal` with the installer's last lines."""
    progress = Progress(total=len(pinned_names(lock.read_text())))
    say(f"Installing {progress.total} packages from {lock.name}, checked against their hashes …")
    started = time.monotonic()
    environment = {**os.environ, "PIP_USER": "0"}
    process = subprocess.Popen(
        install_command(venv, lock, uv=uv),
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )
    reader = threading.Thread(target=_read_lines, args=(process, progress), daemon=True)
    reader.start()
    try:
        _show_until_done(process, progress, venv, started)
    except BaseException:
        process.terminate()
        raise
    reader.join()
    overwrite("")
    if process.returncode:
        raise Refusal(failure_words(progress, lock))
    say(f"Installed {progress.total} packages in {time.monotonic() - started:.0f} s.")


def _read_lines(process: subprocess.Popen[str], progress: Progress) -> None:
    with process.stdout or io.StringIO() as lines:
        for line in lines:
            progress.read(line)


def _show_until_done(process: subprocess.Popen[str], progress: Progress, venv: Path, started: float) -> None:
    site_packages = venv / "lib" / f"python3.{sys.version_info[1]}" / "site-packages"
    quiet_line_due = QUIET_LINE_SECONDS
    while True:
        try:
            process.wait(timeout=0.5)
        except subprocess.TimeoutExpired:
            elapsed = time.monotonic() - started
            words = progress.words(sum(1 for _ in site_packages.glob("*.dist-info")), elapsed)
            overwrite(words)
            if elapsed > quiet_line_due and not sys.stdout.isatty():
                quiet_line_due += QUIET_LINE_SECONDS
                say(words)
        else:
            return


def failure_words(progress: Progress, lock: Path) -> str:
    lines = "\n".join(f"  | {line}" for line in progress.last_lines)
    return (
        f"The packages of {lock.name} could not be installed. The installer's last words:\n{lines}\n"
        "Check that this machine reaches a package index (pip's own settings name it: `pip config list`),\n"
        "that the disk has 1 GB free, and start again: what was downloaded is not downloaded twice."
    )
