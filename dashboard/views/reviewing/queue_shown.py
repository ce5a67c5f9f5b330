"""Rows of the queue as the page shows them. The rules that hit them are one query, however many rows there are."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.auth.models import PermissionsMixin
from django.urls import reverse
from django.utils.safestring import SafeString

from dashboard.views.reviewing.words import due_words
from ledger.admin.words import duration
from ledger.selectors.cases import CaseRow
from rules.models import RuleVersion
from sentinel.core.countries import COUNTRIES
from sentinel.core.money import format_money

REASONS_SHOWN = 2
# From which score percentile on a pill is red, or amber.
_MARKS = ((0.99, "high"), (0.95, "raised"), (0.0, "low"))


@dataclass(frozen=True, slots=True)
class Shown:
    """`rules`: name and address of each rule that hit; no address for those who may not look at rules."""

    case: CaseRow
    hex: str
    url: str
    name: str
    score_mark: str
    places: list[tuple[str, str, bool]]
    rules: list[tuple[str, str]]
    reasons: list[dict[str, Any]]
    reasons_left: int
    age: str
    due: SafeString
    holder: str
    assignee: str
    may_choose: bool


def shown(rows: Iterable[CaseRow], *, user: Any, now: datetime) -> list[Shown]:
    cases = list(rows)
    rules = _rules({hit for case in cases for hit in case.rule_hits}, user)
    return [_shown(case, rules, user, now) for case in cases]


def _shown(case: CaseRow, rules: Mapping[int, tuple[str, str]], user: Any, now: datetime) -> Shown:
    merchant = case.merchant_name or case.merchant_id or case.transaction_type.replace("_", " ")
    hits = [rules[hit] for hit in case.rule_hits if hit in rules]
    # A rule that is named is not told once more by its reason.
    reasons = [each for each in case.reasons if not (hits and each.get("kind") == "rule")]
    may_work = isinstance(user, PermissionsMixin) and user.has_perm("ledger.work_case")
    return Shown(
        case=case,
        hex=case.transaction_id.hex,
        url=reverse("admin:case", args=[case.transaction_id]),
        name=f"{format_money(case.amount_minor, case.currency)}, {merchant}",
        score_mark=_score_mark(case.score_percentile),
        places=_places(case),
        rules=hits,
        reasons=reasons[:REASONS_SHOWN],
        reasons_left=max(len(reasons) - REASONS_SHOWN, 0),
        age=duration(max((now - case.opened_at).total_seconds(), 0)),
        due=due_words(case.due_at, now),
        holder=_person(case.locked_by, user),
        assignee=_person(case.assignee, user),
        may_choose=may_work and case.decided_at is None and case.pending_verdict is None,
    )


def _score_mark(percentile: float | None) -> str:
    return next(mark for least, mark in _MARKS if (percentile or 0.0) >= least)


def _places(case: CaseRow) -> list[tuple[str, str, bool]]:
    """Where the payment was made and where the merchant is, once each: code, country, and whether it is home."""
    codes = dict.fromkeys(filter(None, (case.location_country, case.merchant_country)))
    return [(code, COUNTRIES.get(code, code), code == case.home_country) for code in codes]


def _rules(hits: set[int], user: Any) -> dict[int, tuple[str, str]]:
    if not hits:
        return {}
    may_look = isinstance(user, PermissionsMixin) and user.has_perm("rules.view_rule")
    found = RuleVersion.objects.filter(pk__in=hits).values_list("pk", "rule_id", "rule__name")
    return {
        pk: (name, reverse("admin:rules_rule_change", args=[rule_id]) if may_look else "")
        for pk, rule_id, name in found
    }


def _person(name: str | None, user: Any) -> str:
    return "you" if name and name == user.get_username() else name or ""
