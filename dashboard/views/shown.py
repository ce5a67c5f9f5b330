"""Figures as the page shows them: numbers with the list behind each."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser, AnonymousUser

from dashboard.domain.figures import Amount, Money, Tally
from dashboard.domain.periods import Period
from dashboard.selectors.figures import Figures, RuleFigures, Total
from dashboard.selectors.reviews import Queue, all_of
from dashboard.selectors.rolled import Filters, Topic
from dashboard.views.chart_cards import charts_of
from dashboard.views.links import Links, linked, queue_links
from ledger.admin.words import NOTHING, duration, money
from scoring.domain.policy_words import CHANNEL_WORDS
from sentinel.core.countries import COUNTRIES
from sentinel.core.merchant_categories import MERCHANT_CATEGORIES

ROWS_MAX = 10
RULES_MAX = 25
NARROWINGS_MAX = 60
# Of each column of the money table: its words, what it means, and how the list is narrowed.
MONEY_COLUMNS: tuple[tuple[str, str, str, dict[str, str]], ...] = (  # the names of dashboard.domain.figures.MONEY
    ("approved", "Approved", "at once or by a reviewer", {"outcome": "approved"}),
    ("blocked", "Blocked", "declined for the risk, or by a reviewer", {"outcome": "blocked"}),
    ("held", "Held", "waits for a reviewer now", {"outcome": "held"}),
    ("fraud_lost", "Confirmed fraud lost", "approved, labelled fraud, less what was given back",
     {"outcome": "approved", "label": "fraud"}),
    ("good_stopped", "Good customers stopped", "declined or reviewed, labelled legitimate",
     {"outcome": "stopped", "label": "legitimate"}),
)  # fmt: skip


def shown(
    figures: Figures, period: Period, filters: Filters, user: AbstractBaseUser | AnonymousUser
) -> dict[str, Any]:
    link = Links(period, filters)
    whole = Links(period, replace(filters, topic=Topic.ALL, key=""))
    return {
        "money_columns": [(words, what) for _, words, what, _ in MONEY_COLUMNS],
        "money": _money_rows(figures, link),
        "total": _total(figures.in_one_currency) if _is_total_wanted(figures) else None,
        "before": period.before,
        "length": period.words,
        "payments": f"{figures.total.payments:,}",
        "payments_change": _change(figures.total.payments, figures.total_before.payments),
        "payments_url": link(),
        "charts": charts_of(figures, period, link, whole),
        "patterns": _patterns(figures, whole),
        "narrowed_to": _narrowed_words(filters),
        "narrowings": _narrowings(figures, filters),
        "rules": [_rule_row(each, whole) for each in figures.rules[:RULES_MAX]],
        "rules_left_out": max(0, len(figures.rules) - RULES_MAX),
        "may_move_rules": user.has_perm("rules.publish_rule"),  # type: ignore[union-attr]
        "models": [_model_row(each.version, each.kind, each.tally, whole) for each in figures.models],
        "queue": _queue(figures.queue),
        "loads": figures.loads,
        "queue_links": queue_links(filters) if user.has_perm("ledger.view_case") else None,  # type: ignore[union-attr]
        "reviewers": _reviewers(figures, whole),
    }


def _money_rows(figures: Figures, link: Links) -> list[tuple[str, list[dict[str, Any]]]]:
    before = {row.currency: row for row in figures.money_before}
    return [
        (row.currency, [_money_cell(row, before.get(row.currency, Money(row.currency)), name, narrowed, link)
                        for name, _, _, narrowed in MONEY_COLUMNS])
        for row in figures.money
    ]  # fmt: skip


def _money_cell(row: Money, before: Money, name: str, narrowed: dict[str, str], link: Links) -> dict[str, Any]:
    amount: Amount = getattr(row, name)
    return {
        "amount": linked(money(amount.amount_minor, row.currency), link(**{**narrowed, "currency": row.currency})),
        "payments": f"{amount.payments:,} payment{'' if amount.payments == 1 else 's'}",
        "change": _change(amount.amount_minor, getattr(before, name).amount_minor),
    }


def _change(now: int, before: int) -> str:
    """Against the time before; empty where there is nothing to set it against."""
    return f"{(now - before) / before:+,.1%}" if before else ""


def _is_total_wanted(figures: Figures) -> bool:
    """A single line in the reporting currency already says it."""
    return [row.currency for row in figures.money] not in ([], [settings.REPORTING_CURRENCY])


def _total(total: Total) -> dict[str, Any]:
    return {
        "currency": settings.REPORTING_CURRENCY,
        "lacking": ", ".join(total.lacking),
        "on": total.on,
        "cells": [money(getattr(total.money, name).amount_minor, total.money.currency)
                  for name, *_ in MONEY_COLUMNS] if total.money else [],
    }  # fmt: skip


def _patterns(figures: Figures, link: Links) -> list[dict[str, Any]]:
    return [
        {
            "title": title,
            "rows": [_pattern_row(name, words(each.key), each, _payments_of(figures.patterns[name]), link)
                     for each in figures.patterns[name][:ROWS_MAX]],
            "left_out": max(0, len(figures.patterns[name]) - ROWS_MAX),
        }
        for name, title, words in _kinds()
    ]  # fmt: skip


def _payments_of(tallies: Sequence[Tally]) -> int:
    return sum(each.payments for each in tallies)


def _kinds() -> tuple[tuple[str, str, Callable[[str], str]], ...]:
    return (
        (Topic.CHANNEL, "Channels", _channel_words),
        (Topic.COUNTRY, "Merchant's country", _country_words),
        (Topic.CATEGORY, "Merchant's category", _category_words),
    )


def _narrowed_words(filters: Filters) -> str:
    for name, title, words in _kinds():
        if filters.topic == name:
            return f"{title}: {words(filters.key)}"
    return ""


def _narrowings(figures: Figures, filters: Filters) -> list[tuple[str, list[tuple[str, str]]]]:
    """What the page can be narrowed to: what there were payments of, and what it is narrowed to now."""
    found = []
    for name, title, words in _kinds():
        keys = [each.key for each in figures.patterns[name][:NARROWINGS_MAX]]
        if filters.topic == name and filters.key not in keys:
            keys.append(filters.key)
        found.append((title, [(f"{name}:{key}", words(key)) for key in keys]))
    return found


def _pattern_row(topic: str, words: str, tally: Tally, total: int, link: Links) -> dict[str, Any]:
    share = tally.payments / total if total else 0.0
    return {
        "words": words,
        "payments": linked(f"{tally.payments:,}", link(**{topic: tally.key})),
        "width": f"{100 * share:.1f}",
        "share": f"{share:.1%}",
        "stopped": linked(f"{tally.stopped_share:.1%}", link(**{topic: tally.key}, outcome="stopped")),
        "fraud": linked(f"{tally.fraud:,}", link(**{topic: tally.key}, label="fraud")),
    }


def _channel_words(channel: str) -> str:
    return CHANNEL_WORDS.get(channel, channel) or "not told"


def _country_words(country: str) -> str:
    return COUNTRIES.get(country, country) or "not told"


def _category_words(category: str) -> str:
    return f"{category} {MERCHANT_CATEGORIES.get(category, '')}".strip() or "not told"


def _rule_row(rule: RuleFigures, link: Links) -> dict[str, Any]:
    tally = rule.tally
    return {
        "id": rule.rule_id,
        "code": rule.code,
        "name": rule.name,
        "hits": linked(f"{tally.payments:,}", link(rule=rule.code)),
        "stopped": linked(f"{tally.stopped:,}", link(rule=rule.code, outcome="stopped")),
        "fraud": linked(f"{rule.fraud:,}", link(rule=rule.code, label="fraud")),
        "legitimate": linked(f"{rule.legitimate:,}", link(rule=rule.code, label="legitimate")),
        "precision": _share(rule.precision),
    }


def _model_row(version: str, kind: str, tally: Tally, link: Links) -> dict[str, Any]:
    return {
        "words": version or "without a model",
        "kind": kind.replace("_", " "),
        "payments": linked(f"{tally.payments:,}", link(model=version)),
        "stopped": linked(f"{tally.stopped_share:.1%}", link(model=version, outcome="stopped")),
        "fraud": linked(f"{tally.fraud:,}", link(model=version, label="fraud")),
        "caught": _share(tally.caught_share),
        "good_stopped": linked(f"{tally.good_stopped:,}", link(model=version, outcome="stopped", label="legitimate")),
    }


def _queue(queue: Queue) -> dict[str, Any]:
    return {
        "count": f"{queue.count:,}",
        "oldest": queue.oldest,
        "overdue": f"{queue.overdue:,}" if queue.overdue else "",
        "escalated": f"{queue.escalated:,}",
        "snoozed": f"{queue.snoozed:,}",
        "unassigned": f"{queue.unassigned:,}",
        "ages": [(words, f"{count:,}", f"{overdue:,}", f"{100 * count / queue.count if queue.count else 0:.1f}")
                 for words, count, overdue in queue.by_age],
        "money": [(money(amount_minor, currency), count) for currency, count, amount_minor in queue.money],
    }  # fmt: skip


def _reviewers(figures: Figures, link: Links) -> dict[str, Any]:
    together = all_of(figures.reviewers)
    return {
        "decided": f"{together.decided:,}",
        "precision": _share(together.precision),
        "declined_precision": _share(together.declined_precision),
        "labelled": f"{together.fraud + together.legitimate:,}",
        "rows": [
            {
                "name": each.name,
                "decided": linked(f"{each.decided:,}", link.now(reviewer=each.name)),
                "declined": linked(f"{each.declined:,}", link.now(reviewer=each.name, outcome="blocked")),
                "median": duration(each.median_seconds),
                "precision": _share(each.precision),
            }
            for each in figures.reviewers
        ],
    }


def _share(value: float | None) -> str:
    return NOTHING if value is None else f"{value:.1%}"
