"""CPU and memory of processes, and what others use of the machine, read from /proc. Linux only."""

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_PROC = Path("/proc")
_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True)
class _Stat:
    pid: int
    parent: int
    ticks: int
    waited_ticks: int  # of children that have ended and were waited for


def tree_cpu_seconds(pid: int) -> float:
    """User and system time of a process and all below it, those that have ended included."""
    tree = _tree(pid)
    return sum(one.ticks + one.waited_ticks for one in tree) / _TICKS_PER_SECOND


def children_rss_bytes(pid: int) -> int:
    """Resident memory of the processes below this one: gunicorn's workers."""
    return sum(_rss_bytes(one.pid) for one in _tree(pid) if one.pid != pid)


def parent_pid(pid: int) -> int:
    stat = _read(pid)
    return stat.parent if stat else 0


def is_local(pid: int, name: str) -> bool:
    """Whether this process is here and called so: a server's own word on its pid may be of another machine."""
    with suppress(OSError):
        return name in (_PROC / str(pid) / "comm").read_text()
    return False


def machine_busy_seconds() -> float:
    """CPU time of everything since the start of the machine, over all cores."""
    fields = [int(word) for word in (_PROC / "stat").read_text().split("\n", 1)[0].split()[1:9]]
    user, nice, system, _idle, _waiting, irq, softirq, steal = fields
    return (user + nice + system + irq + softirq + steal) / _TICKS_PER_SECOND


def _tree(pid: int) -> list[_Stat]:
    by_parent: dict[int, list[_Stat]] = {}
    for name in os.listdir(_PROC):
        if name.isdigit() and (stat := _read(int(name))):
            by_parent.setdefault(stat.parent, []).append(stat)
    top = _read(pid)
    found = [top] if top else []
    for one in found:
        found += by_parent.get(one.pid, [])
    return found


def _read(pid: int) -> _Stat | None:
    try:
        text = (_PROC / str(pid) / "stat").read_text()
    except OSError:
        return None
    # The name stands in brackets and may hold anything.
    fields = text.rpartition(")")[2].split()
    user, system, waited_user, waited_system = (int(word) for word in fields[11:15])
    return _Stat(pid, int(fields[1]), user + system, waited_user + waited_system)


def _rss_bytes(pid: int) -> int:
    with suppress(OSError):
        return int((_PROC / str(pid) / "statm").read_text().split()[1]) * _PAGE_BYTES
    return 0
