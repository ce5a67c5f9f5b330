"""Whether a challenger may take the champion's place: one line for each thing that must hold, in a fixed order.

Both models are measured on the same payments: matured, later than either training, scored by both. Whoever gathers
them leaves out the payments of cards that were already known to be compromised, as the published protocol does.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import numpy.typing as npt

from scoring.domain.bootstrap import average_precision_differences
from scoring.domain.calibration import expected_calibration_error
from scoring.domain.gate_rows import GateRows
from scoring.domain.gate_volume import volume_of
from scoring.domain.leaks import INPUT_SKILL_MAX, MODEL_SKILL_MAX, StrongestInput, ap_limit
from scoring.domain.metrics import ReviewCut, average_precision, card_precision

FRAUDS_MIN = 100
TRAINING_FRAUDS_MIN = 20  # measured: a logistic regression of 20 frauds is as good as the published ones, of 5 is not
FRAUDS_MIN_EARLY = 20  # while the champion is unsupervised, under a stricter bound and with a person's approval
AP_LOSS_MAX = 0.005  # the most that the lower bound may lose
BOUND = 0.025  # the lower end of the 95 % interval
CARD_PRECISION_LOSS_MAX = 0.01
RECALL_LOSS_MAX = 0.01
REVIEW_BUDGET = 0.005
CALIBRATION_ERROR_MAX = 0.003
SEGMENT_LOSS_MAX = 0.05
SEGMENT_FRAUDS_MIN = 30
PARITY_MAX = 1e-6
PARITY_ROWS_MIN = 1000
LATENCY_MAX_US = 30.0
_ROUNDING = 1e-9  # what binary fractions may lose at a limit


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """`trained_until` is the moment of the last training row, `labels_until` the moment its labels were read.

    `trained_frauds` counts its frauds. `inputs_sha256` is over names, order and types of what the model reads.
    """

    version: str
    is_supervised: bool
    trained_until: datetime
    labels_until: datetime
    trained_frauds: int
    inputs_sha256: str


@dataclass(frozen=True, slots=True)
class GateFacts:
    """What the rows do not tell. `served_inputs_sha256` is over what the running code would feed to the challenger.

    `latency_us` is for one payment in a group of 64, on one core.
    """

    champion: ModelFacts
    challenger: ModelFacts
    served_inputs_sha256: str
    window_start: datetime
    window_end: datetime
    measured_at: datetime
    maturity_days: int
    alert_threshold: float
    parity_difference: float
    parity_rows: int
    latency_us: float
    strongest_input: StrongestInput


@dataclass(frozen=True, slots=True)
class Line:
    code: str
    words: str
    passed: bool


@dataclass(frozen=True, slots=True)
class Verdict:
    """`needs_approval`: the gate alone is not enough, a person must agree. `proposed_threshold` must come with the
    promotion as a new policy; None when the live one keeps the volume of alerts.
    """

    lines: tuple[Line, ...]
    needs_approval: bool
    proposed_threshold: float | None

    @property
    def passed(self) -> bool:
        return all(line.passed for line in self.lines)

    @property
    def failed(self) -> tuple[Line, ...]:
        return tuple(line for line in self.lines if not line.passed)


def judge(rows: GateRows, facts: GateFacts) -> Verdict:
    """All lines, whether or not an earlier one failed; without any fraud only those that need none."""
    is_same_scale = facts.champion.is_supervised == facts.challenger.is_supervised
    volume = volume_of(rows, facts.alert_threshold, is_same_scale=is_same_scale)
    lines = [_frauds(rows, facts), *_later(facts)]
    if rows.frauds:
        lines += [*_ranking(rows, facts), *_calibration(rows, facts)]
    lines += [Line("alerts", volume.words, volume.passed), *_segments(rows), *_serving(facts), *_leaks(rows, facts)]
    return Verdict(tuple(lines), _is_early(rows, facts), volume.proposed)


def _is_early(rows: GateRows, facts: GateFacts) -> bool:
    return not facts.champion.is_supervised and FRAUDS_MIN_EARLY <= rows.frauds < FRAUDS_MIN


def _frauds(rows: GateRows, facts: GateFacts) -> Line:
    if _is_early(rows, facts):
        words = (
            f"{rows.frauds} matured frauds: fewer than {FRAUDS_MIN}, enough ({FRAUDS_MIN_EARLY}) while the champion "
            "is unsupervised, if a person approves."
        )
        return Line("frauds", words, True)
    least = FRAUDS_MIN if facts.champion.is_supervised else FRAUDS_MIN_EARLY
    return Line("frauds", f"{rows.frauds} matured frauds; at least {least} are needed.", rows.frauds >= least)


def _later(facts: GateFacts) -> Iterator[Line]:
    """The window is later than both trainings; it and the training are older than labels take, and hold enough."""
    latest = max(facts.champion.trained_until, facts.challenger.trained_until)
    words = (
        f"The window begins {facts.window_start:%Y-%m-%d %H:%M}; it must be later than all training, which ended "
        f"{latest:%Y-%m-%d %H:%M}."
    )
    yield Line("window_later", words, facts.window_start > latest)
    yield _matured("window_matured", "The window's", facts.window_end, facts.measured_at, facts)
    challenger = facts.challenger
    if challenger.is_supervised:
        trained, read = challenger.trained_until, challenger.labels_until
        yield _matured("training_matured", "The challenger's last training", trained, read, facts)
        found = challenger.trained_frauds
        words = f"The challenger learned from {found} frauds; at least {TRAINING_FRAUDS_MIN} are needed."
        yield Line("training_frauds", words, found >= TRAINING_FRAUDS_MIN)


def _matured(code: str, whose: str, last: datetime, known_until: datetime, facts: GateFacts) -> Line:
    days = (known_until - last) / timedelta(days=1)
    words = f"{whose} payments had {days:.1f} days for their labels; at least {facts.maturity_days} are needed."
    return Line(code, words, known_until - last >= timedelta(days=facts.maturity_days))


def _ranking(rows: GateRows, facts: GateFacts) -> Iterator[Line]:
    yield _average_precision(rows, facts)
    before, after = (
        card_precision(rows.is_fraud, scores, rows.card, rows.day) for scores in (rows.champion, rows.challenger)
    )
    yield _not_worse("card_precision", "Card precision@100", before, after, CARD_PRECISION_LOSS_MAX)
    before, after = (cut.recall(rows.is_fraud, scores) for cut, scores in _cuts(rows))
    yield _not_worse("recall", "Recall when 0.5 % is reviewed", before, after, RECALL_LOSS_MAX)


def _average_precision(rows: GateRows, facts: GateFacts) -> Line:
    before, after = (average_precision(rows.is_fraud, scores) for scores in (rows.champion, rows.challenger))
    differences = average_precision_differences(rows.is_fraud, rows.champion, rows.challenger, rows.card)
    lower, upper = (float(each) for each in np.quantile(differences, (BOUND, 1 - BOUND)))
    least = 0.0 if _is_early(rows, facts) else -AP_LOSS_MAX
    words = (
        f"Average precision {before:.4f} to {after:.4f}: {after - before:+.4f}, 95 % interval {lower:+.4f} to "
        f"{upper:+.4f} over cards; the difference must be at least 0 and its lower end at least {least:.3f}."
    )
    return Line("average_precision", words, after - before >= -_ROUNDING and lower >= least - _ROUNDING)


def _not_worse(code: str, what: str, before: float, after: float, loss_max: float) -> Line:
    words = f"{what}: {before:.4f} to {after:.4f}, {after - before:+.4f}; it may lose {loss_max:.2f} at most."
    return Line(code, words, after - before >= -loss_max - _ROUNDING)


def _cuts(rows: GateRows) -> tuple[tuple[ReviewCut, npt.NDArray[np.float64]], ...]:
    """For each model its scores, and where the review budget ends among them."""
    return tuple((ReviewCut.of(scores, REVIEW_BUDGET), scores) for scores in (rows.champion, rows.challenger))


def _calibration(rows: GateRows, facts: GateFacts) -> Iterator[Line]:
    """Only a supervised model claims to give a probability."""
    if not facts.challenger.is_supervised:
        return
    error = expected_calibration_error(rows.is_fraud, rows.challenger)
    words = (
        f"Expected calibration error {error:.4f}; at most {CALIBRATION_ERROR_MAX}. Mean probability "
        f"{rows.challenger.mean():.4f}, share of fraud {rows.is_fraud.mean():.4f}."
    )
    yield Line("calibration", words, error <= CALIBRATION_ERROR_MAX + _ROUNDING)


def _segments(rows: GateRows) -> Iterator[Line]:
    """Recall within each segment, when the same share of all payments is reviewed by either model."""
    cuts = _cuts(rows)
    for name, flags in sorted(rows.segments.items()):
        frauds = int(rows.is_fraud[flags].sum())
        if frauds < SEGMENT_FRAUDS_MIN:
            words = f"{frauds} frauds, fewer than {SEGMENT_FRAUDS_MIN}: too few to judge."
            yield Line(f"segment.{name}", words, True)
            continue
        before, after = (cut.recall(rows.is_fraud[flags], scores[flags]) for cut, scores in cuts)
        yield _not_worse(f"segment.{name}", f"Recall of its {frauds} frauds", before, after, SEGMENT_LOSS_MAX)


def _serving(facts: GateFacts) -> Iterator[Line]:
    words = (
        f"The served form differs from the trained one by {facts.parity_difference:.1e} on {facts.parity_rows} rows; "
        f"at most {PARITY_MAX:.0e} on at least {PARITY_ROWS_MIN}."
    )
    is_equal = facts.parity_difference <= PARITY_MAX and facts.parity_rows >= PARITY_ROWS_MIN
    yield Line("parity", words, is_equal)
    words = f"{facts.latency_us:.1f} µs a payment in a group of 64; at most {LATENCY_MAX_US:.0f}."
    yield Line("latency", words, facts.latency_us <= LATENCY_MAX_US)
    is_fed = facts.challenger.inputs_sha256 == facts.served_inputs_sha256
    words = "The challenger reads what the running service computes."
    yield Line("inputs", words if is_fed else "The challenger's inputs are not those of the running service.", is_fed)


def _leaks(rows: GateRows, facts: GateFacts) -> Iterator[Line]:
    """What is too good to be true usually knows the answer. That no feature is newer than its payment is kept
    elsewhere: snapshots are frozen with the decision.
    """
    if not rows.frauds:
        return
    rate = rows.frauds / len(rows)
    strongest = facts.strongest_input
    after = average_precision(rows.is_fraud, rows.challenger)
    yield _believable("leak.model", "The challenger", after, ap_limit(rate, MODEL_SKILL_MAX))
    named = f"The strongest single input, {strongest.name},"
    yield _believable("leak.input", named, strongest.average_precision, ap_limit(rate, INPUT_SKILL_MAX))


def _believable(code: str, what: str, reached: float, limit: float) -> Line:
    words = f"{what} reaches an average precision of {reached:.4f}; above {limit:.4f} it is not believed."
    if reached > limit:
        words += " Look for a label that was known too early, or cards known to be compromised among the payments."
    return Line(code, words, reached <= limit)
