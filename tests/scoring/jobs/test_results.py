"""What all rows of a file together come to."""

from dataclasses import replace

from ledger.domain.decisions import Reason, Verdict
from scoring.domain.jobs.results import BINS, Summary
from sentinel.core.outcomes import Outcome

PLAIN = Verdict(Outcome.APPROVE, (), None, None, None, 1, 1, None, 3, b"")


def summary(*verdicts: Verdict) -> Summary:
    made = Summary()
    for verdict in verdicts:
        made.add_scored(verdict)
    return made


def test_scores_are_counted_by_twentieths_where_there_are_any():
    made = summary(PLAIN, replace(PLAIN, score_percentile=1.0), replace(PLAIN, fraud_probability=0.06))

    assert (made.scored, made.rows, sum(made.bins)) == (3, 3, 2)
    assert (made.bins[BINS - 1], made.bins[1]) == (1, 1)


def test_reasons_are_counted_and_only_those_of_rules_keep_their_words():
    rule, model = Reason("rule.high", "High amount", "rule"), Reason("model.amount", "Much for this account", "model")
    made = summary(replace(PLAIN, reasons=(rule, model)), replace(PLAIN, reasons=(rule,)))

    assert dict(made.reasons) == {"rule.high": 2, "model.amount": 1}
    assert made.words == {"rule.high": "High amount"}


def test_of_very_many_reasons_the_first_are_counted():
    many = tuple(Reason(f"rule.r{number}", "words", "rule") for number in range(600))
    made = summary(replace(PLAIN, reasons=many), replace(PLAIN, reasons=many))

    assert len(made.reasons) == len(made.words) == 500
    assert set(made.reasons.values()) == {2}
