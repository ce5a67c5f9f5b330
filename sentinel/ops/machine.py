"""What the machine under this process has left: processor, memory, disk. Asking waits for nothing."""

import socket
from functools import cache
from pathlib import Path
from typing import Any

import psutil
from django.conf import settings


@cache
def host_name() -> str:
    return socket.gethostname()[:60]


def machine_figures() -> dict[str, float]:
    """Shares in per cent."""
    return {
        "cpu_percent": _cpu_percent(),
        "memory_percent": psutil.virtual_memory().percent,
        "disk_percent": psutil.disk_usage(str(that_exists(Path(settings.VAR_DIR)))).percent,
    }


def that_exists(place: Path) -> Path:
    """The nearest folder above that is there already."""
    return place if place.exists() else that_exists(place.parent)


_last_times: Any = psutil.cpu_times()


def _cpu_percent() -> float:
    """Since this process asked last, in whichever thread: psutil's own remembers by thread, and begins anew."""
    global _last_times
    before, _last_times = _last_times, psutil.cpu_times()
    idle, whole = _idle(_last_times) - _idle(before), _whole(_last_times) - _whole(before)
    return round(max(0.0, min(100.0, 100 * (1 - idle / whole))), 1) if whole > 0 else 0.0


def _idle(times: Any) -> float:
    return float(times.idle) + float(getattr(times, "iowait", 0.0))


def _whole(times: Any) -> float:
    """Guests are counted in `user` and `nice` already."""
    return float(sum(times)) - float(getattr(times, "guest", 0.0)) - float(getattr(times, "guest_nice", 0.0))
