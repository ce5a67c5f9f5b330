from scoring.replay.report import LOST, Report, Result


def _report(frauds: frozenset[str] | None) -> Report:
    report = Report(frauds)
    report.add(Result(1, "b", "review", 30.0, score=0.99))
    report.add(Result(0, "a", "approve", 10.0, score=0.2, replayed=True))
    report.add(Result(2, "c", "refused: out_of_range", 5.0))
    return report


def test_endings_are_counted_by_kind() -> None:
    report = _report(None)
    report.add(Result(3, "d", LOST, 10_000.0))

    assert dict(report.endings) == {"approve": 1, "review": 1, "refused: out_of_range": 1, "lost": 1}
    assert (report.rows, report.lost, len(report.latencies_ms)) == (4, 1, 3)


def test_quality_needs_labels_and_counts_scored_rows_only() -> None:
    quality = _report(frozenset({"b", "c"})).quality()

    assert _report(None).quality() is None
    assert quality is not None
    assert (quality.rows, quality.frauds, quality.auc) == (2, 1, 1.0)


def test_the_lines_tell_outcomes_speed_and_quality() -> None:
    text = "\n".join(_report(frozenset({"b"})).lines(seconds=0.5))

    assert "3 payments: approve 1, refused: out_of_range 1, review 1; lost 0" in text
    assert "1 of them were answered before" in text
    assert "p50 10.0" in text
    assert "6 payments a second" in text
    assert "1 frauds among 2 scored payments, 1 without a score" in text
    assert "AUC 1.000, AP 1.000" in text


def test_an_empty_replay_has_something_to_say() -> None:
    assert list(Report().lines(seconds=0.0)) == ["0 payments: none; lost 0"]
