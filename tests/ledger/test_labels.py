"""Which of several labels counts, said once in Python and once in SQL."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from django.db import connection
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.domain.labels import AUTHORITY, Said, is_repeated, label_that_counts
from ledger.errors import LabelRepeated
from ledger.models import Label
from ledger.selectors.labels import labels_that_count
from ledger.services.labels import label_attach
from sentinel.core.errors import InvalidRequest
from sentinel.core.ids import uuid7
from tests.factories import make_account, make_client, make_payment

FIRST = datetime(2026, 1, 31, 12, tzinfo=UTC)


def said(number: int, verdict: str, source: str = "review", *, day: int = 0) -> Said:
    return Said(UUID(int=number), source, verdict == "fraud", FIRST + timedelta(days=day))


def test_every_source_has_its_place_in_the_order():
    assert sorted(AUTHORITY) == sorted(Label.Source.values)


@pytest.mark.parametrize(
    ("words", "counts"),
    [
        ([], None),
        ([said(1, "fraud", "other")], 1),
        ([said(1, "fraud", "chargeback"), said(2, "legitimate", "review", day=9)], 1),
        ([said(1, "legitimate", "review"), said(2, "fraud", "customer", day=9)], 1),
        ([said(1, "fraud", "other", day=9), said(2, "legitimate", "customer")], 2),
        ([said(1, "fraud", day=2), said(2, "legitimate", day=1)], 1),
        ([said(1, "fraud"), said(2, "legitimate")], 2),
    ],
)
def test_authority_comes_first_then_the_moment_then_the_record(words, counts):
    found = label_that_counts(words)

    assert (found and found.id.int) == counts
    assert label_that_counts(reversed(words)) == found


@pytest.mark.parametrize(
    ("new", "earlier", "repeats"),
    [
        (said(9, "fraud"), [], False),
        (said(9, "fraud", day=5), [said(1, "fraud")], True),
        (said(9, "fraud", day=5), [said(1, "fraud", "chargeback")], False),
        (said(9, "fraud", day=5), [said(1, "fraud"), said(2, "legitimate", day=1)], False),
        (said(9, "fraud"), [said(1, "fraud"), said(2, "legitimate", day=1)], True),
        (said(9, "legitimate", day=5), [said(1, "fraud")], False),
        (said(9, "fraud"), [said(1, "fraud", day=5)], False),
    ],
)
def test_a_source_repeats_itself_until_it_takes_its_word_back(new, earlier, repeats):
    assert is_repeated(new, earlier) is repeats


WORDS = st.builds(
    Said,
    id=st.integers(0, 2**128 - 1).map(lambda number: UUID(int=number)),
    source=st.sampled_from(AUTHORITY),
    is_fraud=st.booleans(),
    observed_at=st.integers(0, 3).map(lambda day: FIRST + timedelta(days=day)),
)
SEVERAL = st.lists(WORDS, min_size=1, max_size=6, unique_by=lambda word: word.id)
OF_PAYMENTS = st.dictionaries(st.uuids(), SEVERAL, max_size=5)
INSERT = """
INSERT INTO pg_temp.ledger_label
    (id, transaction_id, account_id, is_fraud, source, actor, note, observed_at, recorded_at)
VALUES (%s, %s, 'acc', %s, %s, '', '', %s, %s)
"""


def test_the_database_finds_the_labels_that_python_finds(db):
    with connection.cursor() as cursor:
        # In the place of the table: its rows could neither be made without payments nor be taken away again.
        cursor.execute(
            "CREATE TEMPORARY TABLE ledger_label (LIKE public.ledger_label INCLUDING DEFAULTS) ON COMMIT DROP"
        )

        @settings(deadline=None, max_examples=60)
        @given(OF_PAYMENTS)
        def agree(of_payments):
            cursor.execute("DELETE FROM pg_temp.ledger_label")
            cursor.executemany(
                INSERT,
                [
                    (word.id, payment, word.is_fraud, word.source, word.observed_at, word.observed_at)
                    for payment, words in of_payments.items()
                    for word in words
                ],
            )
            cursor.execute(labels_that_count("true"))
            found = {UUID(str(payment)): is_fraud for payment, is_fraud, _ in cursor.fetchall()}
            count = {payment: label_that_counts(words) for payment, words in of_payments.items()}
            assert found == {payment: word.is_fraud for payment, word in count.items() if word}

        agree()


@pytest.fixture
def paid(db):
    return make_payment(make_account(), make_client(), now=timezone.now() - timedelta(days=1))


def attach(payment, *, is_fraud=True, **changes) -> Label:
    now = timezone.now()
    fields = {"source": "chargeback", "observed_at": now, "actor": "acme", "label_id": uuid7(), "now": now}
    return label_attach(payment=payment, is_fraud=is_fraud, **{**fields, **changes})


def test_a_source_corrects_itself_with_another_label(paid):
    attach(paid)
    attach(paid, is_fraud=False)
    attach(paid)

    assert list(Label.objects.order_by("id").values_list("is_fraud", flat=True)) == [True, False, True]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"observed_at": timezone.now() + timedelta(days=1)}, "observed_at"),
        ({"observed_at": timezone.now() - timedelta(days=9)}, "observed_at"),
        ({"note": "card 4111 1111 1111 1111"}, "note"),
    ],
)
def test_a_label_that_cannot_be_is_not_written(paid, change, field):
    with pytest.raises(InvalidRequest) as refused:
        attach(paid, **change)

    assert [error.field for error in refused.value.errors] == [field]
    assert Label.objects.count() == 0


def test_what_a_source_said_already_is_not_written_again(paid):
    attach(paid)
    with pytest.raises(LabelRepeated) as refused:
        attach(paid)

    assert [error.field for error in refused.value.errors] == ["label"]
    assert Label.objects.count() == 1


def test_the_database_keeps_a_label_once(paid, monkeypatch):
    """As when two clients say the same at once."""
    monkeypatch.setattr("ledger.services.labels.is_repeated", lambda *_: False)
    now = timezone.now()
    attach(paid, observed_at=now)
    with pytest.raises(LabelRepeated):
        attach(paid, observed_at=now)

    assert Label.objects.count() == 1
