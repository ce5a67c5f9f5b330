"""Child processes that do not outlive their parent, and the folders that another user can reach."""

import ctypes
import os
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

_PR_SET_PDEATHSIG = 1
# Looked up before any fork: a forked child must not load libraries.
_prctl = getattr(ctypes.CDLL(None), "prctl", None) if sys.platform == "linux" else None


@dataclass(frozen=True)
class Child:
    """A process to keep running: how to start it, how to tell that it is ready, how to stop it."""

    name: str
    command: list[str]
    environment: dict[str, str] | None = None
    folder: Path = Path("/")
    user: str | None = None
    is_ready: Callable[[], bool] = field(default=lambda: True)
    ready_seconds: float = 60
    stop_signal: signal.Signals = signal.SIGTERM
    stop_seconds: float = 10
    death_signal: signal.Signals = signal.SIGTERM  # what it gets when the supervisor is killed
    echo: bool = False


def die_with_parent(death_signal: signal.Signals, parent_pid: int) -> None:
    """Call in a new child. The kernel sends it `death_signal` when its parent dies, also by kill -9.

    The user must be changed before, because a change of user clears the request.
    """
    if _prctl is None:
        return
    _prctl(_PR_SET_PDEATHSIG, int(death_signal))
    if os.getppid() != parent_pid:  # it died in between
        os.kill(os.getpid(), death_signal)


def spawn(child: Child, output: IO[bytes] | None) -> subprocess.Popen[bytes]:
    """Starts the child in a session of its own, so that Ctrl-C reaches only the supervisor, which stops in order.

    Call from the main thread: the kernel takes the end of the starting thread for the parent's death.
    """
    parent_pid = os.getpid()
    return subprocess.Popen(
        child.command,
        env=child.environment,
        cwd=child.folder,
        user=child.user,
        extra_groups=[] if child.user else None,
        group=group_of(child.user) if child.user else None,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        preexec_fn=lambda: die_with_parent(child.death_signal, parent_pid),
    )


def group_of(user: str) -> int:
    import pwd

    return pwd.getpwnam(user).pw_gid


def signal_group(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    """Signals the child and all it forked, whether or not the child itself still lives."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)


def free_port(preferred: int = 0) -> int:
    """A free port on loopback: `preferred` or the next free one after it; any when it is 0."""
    for port in range(preferred, preferred + 100) if preferred else [0]:
        with socket.socket() as candidate:
            candidate.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                candidate.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(candidate.getsockname()[1])
    raise OSError(f"No free port from {preferred} to {preferred + 99}.")


def reachable_by_others(path: Path) -> bool:
    """Whether a user that owns nothing here can walk down to `path`."""
    path = path.absolute()
    return all(folder.exists() and folder.stat().st_mode & stat.S_IXOTH for folder in (*path.parents, path))
