"""Runs one simulation in this process and prints what it took, as JSON."""

import json
import re
import sys
import time
from pathlib import Path


def main(simulation_id: int) -> None:
    import django

    django.setup(set_prefix=False)
    from django.utils import timezone

    from rules.services.simulating import simulation_run

    base_bytes = _peak_bytes()
    started, cpu_started = time.perf_counter(), time.process_time()
    simulation_run(simulation_id=simulation_id, clock=timezone.now)
    seconds, cpu_seconds = time.perf_counter() - started, time.process_time() - cpu_started
    found = {"seconds": seconds, "cpu_seconds": cpu_seconds, "peak_bytes": _peak_bytes(), "base_bytes": base_bytes}
    print(json.dumps(found))


def _peak_bytes() -> int:
    """The most this program held. What getrusage tells begins with the memory of whoever started it."""
    status = Path("/proc/self/status").read_text()
    (kibibytes,) = re.findall(r"^VmHWM:\s+(\d+) kB$", status, re.MULTILINE)
    return int(kibibytes) * 1024


if __name__ == "__main__":
    main(int(sys.argv[1]))
