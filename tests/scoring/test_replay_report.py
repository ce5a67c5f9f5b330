import json
from datetime import UTC, datetime, timedelta

from scoring.replay.report import Report
from scoring.replay.results import LOST, Receipt, Result
from scoring.replay.retraining import Retrained

MOMENT = datetime(2024, 1, 1, tzinfo=UTC)


def _result(
    place: int, ending: str, latency_ms: float, score: float | None = None, *, replayed: bool = False
) -> Result:
    receipt = Receipt("txn_1", score, "card-1") if score is not None else None
    return Result(place, "abcd"[place], "9", MOMENT, ending, latency_ms, receipt, replayed)


def _report(frauds: frozenset[str] | None) -> Report:
    report = Report(None if frauds is None else dict.fromkeys(frauds, MOMENT + timedelta(days=7)))
    report.add(_result(1, "review", 30.0, 0.99))
    report.add(_result(0, "approve", 10.0, 0.2, replayed=True))
    report.add(_result(2, "refused: out_of_range", 5.0))
    return report


def test_endings_are_counted_by_kind() -> None:
    report = _report(None)
    report.add(_result(3, LOST, 10_000.0))

    assert dict(report.endings) == {"approve": 1, "review": 1, "refused: out_of_range": 1, "lost": 1}
    assert (report.rows, report.lost, len(report.latencies_ms)) == (4, 1, 3)


def test_quality_needs_labels_and_counts_scored_rows_only() -> None:
    quality = _report(frozenset({"b", "c"})).quality()

    assert _report(None).quality() is None
    assert quality is not None
    assert (quality.rows, quality.frauds, quality.auc) == (2, 1, 1.0)


def test_the_lines_tell_outcomes_speed_labels_and_quality() -> None:
    report = _report(frozenset({"b"}))
    report.labels.update({"sent": 2, LOST: 1})
    text = "\n".join(report.lines(seconds=0.5))

    assert "3 payments: approve 1, refused: out_of_range 1, review 1; lost 0" in text
    assert "1 of them were answered before" in text
    assert "p50 10.0" in text
    assert "6 payments a second" in text
    assert "3 labels: lost 1, sent 2" in text
    assert "1 frauds among 2 scored payments, 1 without a score" in text
    assert "AUC 1.000, AP 1.000" in text
    assert "2024-01-01         2       1  1.000  1.000   0.010   1.000    50.00%  card-1" in text
    assert report.lost == 1


def test_the_same_as_json() -> None:
    report = _report(frozenset({"b"}))
    report.retrained.append(Retrained(MOMENT, words="Too few rows."))

    told = json.loads(json.dumps(report.as_dict(seconds=0.5)))

    assert (told["payments"], told["ranking"]["auc"], told["latency_ms"]["p50"]) == (3, 1.0, 10.0)
    [week] = told["weeks"]
    assert (week["start"], week["frauds"], week["models"]) == ("2024-01-01", 1, {"card-1": 2})
    assert (week["ranking"]["average_precision"], week["card_precision_100"]) == (1.0, 0.01)
    assert told["retrained"][0]["words"] == "Too few rows."


def test_an_empty_replay_has_something_to_say() -> None:
    assert list(Report().lines(seconds=0.0)) == ["0 payments: none; lost 0"]
    assert list(Report({}).lines(seconds=0.0)) == ["0 payments: none; lost 0"]
    assert Report({}).as_dict(0.0)["weeks"] == []
