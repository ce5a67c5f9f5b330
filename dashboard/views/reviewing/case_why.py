"""Why a payment was flagged, frozen as it was decided: reasons and rules, each with the values of that moment."""

from dataclasses import dataclass
from typing import Any

from dashboard.domain.usual_values import fields_of_reason, usual_value
from ledger.admin.transaction_page import Person, may
from ledger.admin.words import feature_words
from ledger.models import Decision, Transaction
from rules.admin.explanations import value_words
from rules.domain.explain import Line
from rules.selectors import sentence_of
from rules.services.explaining import ExplainedHit, hits_explain, values_known
from sentinel.core.catalogue import BY_NAME, Value

Values = dict[str, Value]


@dataclass(frozen=True, slots=True)
class Fact:
    """A value as it was, and the usual one where there is one."""

    words: str
    value: str
    usual: str


class Words:
    """Values for this reader."""

    def __init__(self, values: Values, currency: str, *, may_see_personal: bool, is_revealed: bool) -> None:
        self.values, self._currency = values, currency
        self._sight = {"may_see_personal": may_see_personal, "is_revealed": is_revealed}

    def is_unlike(self, name: str) -> bool:
        """Known, and not what is usual."""
        value = self.values.get(name)
        return value is not None and value != usual_value(name, self.values)

    def fact(self, name: str) -> Fact:
        field, usual = BY_NAME[name], usual_value(name, self.values)
        value = value_words(name, self.values.get(name), self._currency, **self._sight)
        says_nothing = usual is None or isinstance(usual, bool)
        return Fact(field.words, value, "" if says_nothing else feature_words(field, usual, self._currency))


def why(decision: Decision, payment: Transaction, user: Person, *, is_revealed: bool) -> dict[str, Any]:
    may_see_personal = may(user, "ledger.view_personaldetail")
    values = values_known(payment, decision, getattr(payment, "personal_detail", None))
    words = Words(values, payment.currency, may_see_personal=may_see_personal, is_revealed=is_revealed)
    hits = hits_explain(decision=decision, values=values) if may(user, "rules.view_rule") else []
    return {
        "reasons": [_reason(reason, words) for reason in decision.reasons],
        "hits": [_hit(hit, words) for hit in hits],
        "may_snooze": may(user, "rules.add_rulesnooze"),
    }


def _reason(reason: dict[str, Any], words: Words) -> dict[str, Any]:
    names = fields_of_reason(reason["code"], reason["kind"])
    return reason | {"facts": [words.fact(name) for name in names if words.is_unlike(name)]}


def _hit(hit: ExplainedHit, words: Words) -> dict[str, Any]:
    version = hit.version
    return {
        "version": version,
        "has_say": hit.has_say,
        "sentence": sentence_of(version.action, version.expression),
        "rows": [_row(line, words) for line in hit.lines if not line.is_group],
    }


def _row(line: Line, words: Words) -> dict[str, Any]:
    """Of a condition: whether it held, and the values that it looked at."""
    facts = [words.fact(name) for name in line.values if name != "currency" or len(line.values) == 1]
    return {"holds": line.holds, "words": line.words, "facts": facts}
