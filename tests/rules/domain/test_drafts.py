import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules.domain.drafts import draft_read
from sentinel.core.outcomes import Action
from tests.rules.domain.strategies import groups
from tests.rules.examples import LIST_TYPES, group, inr, row

KEYS = ("combinator", "conditions", "field", "operator", "value", "list", "x")
SCALARS = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from(["all", "amount", "equal", "x", ""])
)
ANYTHING = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(KEYS), inner))


def read(expression):
    return draft_read(Action.REVIEW, expression, LIST_TYPES)


def test_a_finished_draft_is_one_sentence():
    reading = read(group(row("hour", "equal", 3)))

    assert (reading.sentence, reading.errors, reading.warnings) == (
        "Review when the hour of day at home is 3",
        (),
        (),
    )


@pytest.mark.parametrize(
    "unfinished", [{}, row("amount", "equal"), group(), group({}), row("amout", "equal", inr("1"))]
)
def test_what_cannot_be_read_is_left_out_of_the_sentence(unfinished):
    reading = read(group(unfinished, row("hour", "equal", 3)))

    assert reading.sentence == "Review when the hour of day at home is 3 …"
    assert reading.errors[0].field.startswith("conditions[0]")


@pytest.mark.parametrize(
    "expression", [None, [], {}, "x", group(), group({}), {"combinator": "xor", "conditions": []}]
)
def test_without_a_row_that_reads_there_is_no_sentence(expression):
    assert read(expression).sentence == ""


@settings(deadline=None)
@given(ANYTHING)
def test_whatever_is_written_gets_an_answer(expression):
    reading = read(expression)

    assert reading.sentence or reading.errors


@settings(deadline=None)
@given(groups(), ANYTHING)
def test_a_broken_row_does_not_hide_the_others(expression, broken):
    reading = read(group(expression, broken))

    assert reading.sentence.startswith("Review when")
