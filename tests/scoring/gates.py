"""Payments that two models were measured on, and facts that pass: what tests of the gate change one thing of."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np

from scoring.domain.gate import GateFacts, ModelFacts
from scoring.domain.gate_rows import GateRows
from scoring.domain.leaks import StrongestInput

DAY = timedelta(days=1)
TRAINED_UNTIL = datetime(2026, 7, 31, tzinfo=UTC)
CHAMPION = ModelFacts("card-2026-07-01.1", True, TRAINED_UNTIL - 30 * DAY, TRAINED_UNTIL - 20 * DAY, 400, "inputs")
CHALLENGER = ModelFacts("card-2026-08-07.1", True, TRAINED_UNTIL, TRAINED_UNTIL + 7 * DAY, 598, "inputs")
FACTS = GateFacts(
    champion=CHAMPION,
    challenger=CHALLENGER,
    served_inputs_sha256="inputs",
    window_start=TRAINED_UNTIL + 8 * DAY,
    window_end=TRAINED_UNTIL + 15 * DAY,
    measured_at=TRAINED_UNTIL + 22 * DAY,
    maturity_days=7,
    alert_threshold=0.3,
    parity_difference=2e-7,
    parity_rows=1000,
    latency_us=12.0,
    strongest_input=StrongestInput("amount_over_30d_average", 0.34),
)
UNSUPERVISED = replace(CHAMPION, is_supervised=False)


def measured_rows(rows: int = 40_000, seed: int = 1) -> GateRows:
    """The challenger gives true probabilities, the champion equally many high ones, less well placed. 0.7 % fraud."""
    chance = np.random.default_rng(seed)
    seen, unseen = chance.normal(0, 1, (2, rows))
    challenger = _probability(seen)
    champion = _probability(0.9 * seen + np.sqrt(1 - 0.9**2) * unseen)
    return GateRows(
        is_fraud=chance.random(rows) < challenger,
        card=chance.integers(2000, size=rows),
        day=chance.integers(7, size=rows),
        champion=np.round(champion, 4),
        challenger=np.round(challenger, 4),
        segments={"new_card": chance.random(rows) < 0.1, "night": chance.random(rows) < 0.2},
    )


def with_frauds(rows: GateRows, count: int) -> GateRows:
    """The payments without fraud, and `count` of the frauds, evenly from the list."""
    frauds = np.flatnonzero(rows.is_fraud)
    kept = np.zeros(len(rows), dtype=bool)
    kept[frauds[np.linspace(0, len(frauds) - 1, count).astype(int)]] = True
    return taken(rows, np.flatnonzero(kept | ~rows.is_fraud))


def taken(rows: GateRows, places) -> GateRows:
    return GateRows(
        is_fraud=rows.is_fraud[places],
        card=rows.card[places],
        day=rows.day[places],
        champion=rows.champion[places],
        challenger=rows.challenger[places],
        segments={name: flags[places] for name, flags in rows.segments.items()},
    )


def _probability(evidence):
    return 1 / (1 + np.exp(9.5 - 3.4 * evidence))
