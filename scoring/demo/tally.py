"""What came of the traffic so far, in bounded memory."""

from collections import Counter, deque
from dataclasses import dataclass, field

import numpy as np

_LATENCIES_KEPT = 10_000
LOST = "lost"
# Counts of a tally and their words in a line; fraud is told in words of its own.
_COUNTS = {
    "accounts_opened": "accounts opened",
    "top_ups": "top-ups",
    "retries": "retries",
    "held_back": "held back",
    "frauds": "",
    "frauds_stopped": "",
}


@dataclass(slots=True)
class Tally:
    """`endings` counts outcomes, "refused: <code>" and LOST; `latencies_ms` are the latest."""

    endings: Counter[str] = field(default_factory=Counter)
    latencies_ms: "deque[float]" = field(default_factory=lambda: deque(maxlen=_LATENCIES_KEPT))
    top_ups: int = 0
    accounts_opened: int = 0
    retries: int = 0
    held_back: int = 0
    frauds: int = 0
    frauds_stopped: int = 0

    def add(self, ending: str, latency_ms: float, *, is_fraud: bool) -> None:
        self.endings[ending] += 1
        if ending != LOST:
            self.latencies_ms.append(latency_ms)
        if is_fraud:
            self.frauds += 1
            self.frauds_stopped += ending in ("review", "decline")

    def merge(self, other: "Tally") -> None:
        self.endings.update(other.endings)
        self.latencies_ms.extend(other.latencies_ms)
        for name in _COUNTS:
            setattr(self, name, getattr(self, name) + getattr(other, name))

    def line(self) -> str:
        endings = ", ".join(f"{ending} {count:,}" for ending, count in sorted(self.endings.items()))
        counts = ((words, getattr(self, name)) for name, words in _COUNTS.items() if words)
        more = "".join(f", {words} {count:,}" for words, count in counts if count)
        fraud = f"; fraud stopped {self.frauds_stopped} of {self.frauds}" if self.frauds else ""
        return f"{self.endings.total():,} payments: {endings or 'none'}{more}{fraud}{self._latency()}"

    def _latency(self) -> str:
        if not self.latencies_ms:
            return ""
        median, slow = np.percentile(list(self.latencies_ms), (50, 95))
        return f"; p50 {median:.0f} ms, p95 {slow:.0f} ms"
