from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from scoring.replay.predictions import Predictions
from scoring.replay.results import LOST, Receipt, Result

MOMENT = datetime(2024, 1, 1, tzinfo=UTC)


def answered(place: int, score: float | None) -> Result:
    return Result(place, f"t{place}", "9", MOMENT, "approve", 1.0, Receipt("txn_1", score, "card-1"))


def test_the_lines_keep_the_order_of_the_file_and_are_there_at_once(tmp_path: Path) -> None:
    path = tmp_path / "scores.csv"
    with Predictions(path) as predictions:
        predictions.add(answered(1, 0.25))
        assert path.read_text() == "transaction_id,score\n"

        predictions.add(answered(0, 0.9871))
        assert path.read_text() == "transaction_id,score\nt0,0.9871\nt1,0.25\n"


def test_what_has_no_score_has_no_line_and_holds_nobody_up(tmp_path: Path) -> None:
    path = tmp_path / "scores.csv"
    with Predictions(path) as predictions:
        predictions.add(Result(0, "t0", "9", MOMENT, LOST, 1.0))
        predictions.add(answered(1, None))
        predictions.add(answered(2, 0.5))
        assert path.read_text() == "transaction_id,score\nt2,0.5\n"


def test_a_replay_that_is_stopped_leaves_what_was_answered_in_order(tmp_path: Path) -> None:
    path = tmp_path / "scores.csv"
    with suppress(KeyboardInterrupt), Predictions(path) as predictions:
        for place in (4, 0, 2):
            predictions.add(answered(place, place / 10))
        raise KeyboardInterrupt

    assert path.read_text() == "transaction_id,score\nt0,0.0\nt2,0.2\nt4,0.4\n"
