"""The memory of a web process over many requests: what it holds after a warm-up, and what at the end."""

from typing import Any

from bench import meters
from bench.run import Runner
from bench.scenarios import SCENARIOS
from bench.stack import WEB
from sentinel.ops.console import Refusal, say

_PARTS = 10  # the first is the warm-up
_SECONDS_MAX = 600.0  # of each part


def memory_measure(runner: Runner, requests: int) -> None:
    """Puts `memory` into the results: resident memory of the web workers after each tenth of the requests."""
    pid = runner.target.servers[WEB].pid
    if pid is None:
        raise Refusal("Memory can only be read of a process of ours.")
    samples = []
    for number in range(1, _PARTS + 1):
        runner.measure(SCENARIOS["single"], requests_max=max(1, requests // _PARTS), seconds=_SECONDS_MAX)
        samples.append(meters.children_rss_bytes(pid))
        say(f"  memory  {requests * number // _PARTS:>9,} requests  {samples[-1] / 2**20:7.1f} MiB")
    runner.results.extra["memory"] = described(requests, samples)


def described(requests: int, samples: list[int]) -> dict[str, Any]:
    return {
        "requests": requests,
        "rss_bytes_warm": samples[0],
        "rss_bytes_end": samples[-1],
        "end_vs_warm": round(samples[-1] / samples[0], 4),
        "rss_bytes": samples,
    }
