"""When labels and retrainings come, by the replayed clock."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from scoring.domain.payment_files import PaymentRow
from scoring.replay.schedule import BATCH, DueLabel, Release, Retraining, replay_steps

START = datetime(2024, 1, 1, 9, 30, tzinfo=UTC)


def row(**after: float) -> PaymentRow:
    moment = START + timedelta(**after)
    return PaymentRow(f"{moment:%j %H:%M}", moment, "1", "9", "1.00")


def label(name: str, **after: float) -> DueLabel:
    return DueLabel(name, START + timedelta(**after))


def test_a_label_comes_before_the_first_payment_that_may_know_it() -> None:
    first, second, third = row(), row(hours=2), row(hours=4)
    due = label("a", hours=1)

    assert list(replay_steps([first, second, third], [due])) == [first, Release((due,)), second, third]


def test_a_label_of_the_very_moment_of_a_payment_comes_before_it() -> None:
    payment, due = row(hours=2), label("a", hours=2)

    assert list(replay_steps([row(), payment], [due]))[1:] == [Release((due,)), payment]


def test_labels_of_one_hour_are_one_batch_and_the_next_hour_waits() -> None:
    early, late, next_hour = label("b", minutes=1), label("a", minutes=29), label("c", minutes=31)
    rows = [row(), row(minutes=2), row(minutes=20), row(minutes=40)]

    steps = list(replay_steps(rows, [next_hour, late, early]))

    assert steps == [rows[0], Release((early, late)), rows[1], rows[2], Release((next_hour,)), rows[3]]


def test_a_label_that_is_due_behind_the_last_payment_is_not_sent() -> None:
    assert list(replay_steps([row()], [label("a", days=7)])) == [row()]


def test_a_retraining_comes_at_its_midnight_after_the_labels_that_are_known_by_then() -> None:
    before, after = row(days=6), row(days=8)
    known, later = label("a", days=6, hours=1), label("b", days=7)

    steps = list(replay_steps([row(), before, after], [later, known], timedelta(days=7)))

    moment = datetime(2024, 1, 8, tzinfo=UTC)
    assert steps[2:] == [Release((known,)), Retraining(moment, after), Release((later,)), after]


def test_of_retrainings_in_a_gap_only_the_last_is_held() -> None:
    rows = [row(), row(days=30), row(days=34), row(days=36)]

    moments = [step.moment for step in replay_steps(rows, [], timedelta(days=7)) if isinstance(step, Retraining)]

    assert moments == [datetime(2024, 1, 29, tzinfo=UTC), datetime(2024, 2, 5, tzinfo=UTC)]


MINUTES = st.lists(st.integers(0, 3000), max_size=40)


@given(MINUTES, MINUTES)
def test_no_payment_misses_a_label_and_no_label_comes_an_hour_early(paid: list[int], known: list[int]) -> None:
    rows = [row(minutes=each) for each in sorted(paid)]
    labels = [label(str(place), minutes=each) for place, each in enumerate(known)]
    released: set[DueLabel] = set()

    for step in replay_steps(rows, labels):
        if isinstance(step, Release):
            assert not released & set(step.labels)
            released |= set(step.labels)
            continue
        assert isinstance(step, PaymentRow)
        assert {each for each in labels if each.known_at <= step.occurred_at} <= released
        assert all(each.known_at < step.occurred_at + BATCH for each in released)
