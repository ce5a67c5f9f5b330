"""What the disk takes to make 4 KiB durable: the yardstick beside which every p99 of a durable write is read."""

import os
import time
from pathlib import Path

BLOCK_BYTES = 4096
_FILE_BYTES_MAX = 64 * 1024 * 1024


def fdatasync_latencies_ms(folder: Path, seconds: float) -> list[float]:
    """Of appending one block and fdatasync, again and again, in a file of this folder that is deleted after."""
    path = folder / f"fdatasync-{os.getpid()}"
    latencies: list[float] = []
    block, ends_at = b"\0" * BLOCK_BYTES, time.perf_counter() + seconds
    file = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_EXCL, 0o600)
    try:
        while time.perf_counter() < ends_at and len(latencies) * BLOCK_BYTES < _FILE_BYTES_MAX:
            started = time.perf_counter()
            os.write(file, block)
            os.fdatasync(file)
            latencies.append((time.perf_counter() - started) * 1000)
    finally:
        os.close(file)
        path.unlink()
    return latencies
