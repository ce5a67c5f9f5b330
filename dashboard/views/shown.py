"""Figures as the page shows them: numbers with the list behind each."""

from typing import Any

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.utils.safestring import SafeString

from dashboard.domain.figures import Amount, Money, Tally
from dashboard.domain.periods import Period
from dashboard.selectors.figures import Figures, RuleFigures
from dashboard.selectors.reviews import all_of
from dashboard.selectors.rolled import Filters
from dashboard.views.chart_cards import charts_of
from dashboard.views.links import Links, linked
from ledger.admin.words import NOTHING, duration, money
from scoring.domain.policy_words import CHANNEL_WORDS
from sentinel.core.countries import COUNTRIES
from sentinel.core.merchant_categories import MERCHANT_CATEGORIES

ROWS_MAX = 10
RULES_MAX = 25
# Of each column of the money table: its words, what it means, and how the list is narrowed.
MONEY_COLUMNS: tuple[tuple[str, str, str, dict[str, str]], ...] = (
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
    return {
        "money_columns": [(words, what) for _, words, what, _ in MONEY_COLUMNS],
        "money": [(row.currency, _money_cells(row, link)) for row in figures.money],
        "payments": f"{figures.total.payments:,}",
        "payments_url": link(),
        "charts": charts_of(figures, period, link),
        "patterns": _patterns(figures, link),
        "rules": [_rule_row(each, link) for each in figures.rules[:RULES_MAX]],
        "rules_left_out": max(0, len(figures.rules) - RULES_MAX),
        "may_move_rules": user.has_perm("rules.publish_rule"),  # type: ignore[union-attr]
        "models": [_model_row(each.version, each.kind, each.tally, link) for each in figures.models],
        "queue": _queue(figures, link),
        "reviewers": _reviewers(figures, link),
    }


def _money_cells(row: Money, link: Links) -> list[SafeString]:
    return [_money_cell(getattr(row, name), row.currency, link(**{**narrowed, "currency": row.currency}))
            for name, _, _, narrowed in MONEY_COLUMNS]  # fmt: skip


def _money_cell(amount: Amount, currency: str, url: str) -> SafeString:
    payments = f"{amount.payments:,} payment{'' if amount.payments == 1 else 's'}"
    return linked(money(amount.amount_minor, currency), url, payments)


def _patterns(figures: Figures, link: Links) -> list[dict[str, Any]]:
    kinds = (("channel", "Channels", _channel_words), ("country", "Merchant's country", _country_words),
             ("category", "Merchant's category", _category_words))  # fmt: skip
    return [
        {
            "title": title,
            "rows": [_pattern_row(name, words(each.key), each, figures.total.payments, link)
                     for each in figures.patterns[name][:ROWS_MAX]],
            "left_out": max(0, len(figures.patterns[name]) - ROWS_MAX),
        }
        for name, title, words in kinds
    ]  # fmt: skip


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


def _queue(figures: Figures, link: Links) -> dict[str, Any]:
    queue = figures.queue
    return {
        "count": linked(f"{queue.count:,}", link.now(outcome="held")),
        "oldest": queue.oldest,
        "ages": [(words, f"{count:,}", f"{100 * count / queue.count if queue.count else 0:.1f}")
                 for words, count in queue.by_age],
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
                "declined": f"{each.declined:,}",
                "median": duration(each.median_seconds),
                "precision": _share(each.precision),
            }
            for each in figures.reviewers
        ],
    }


def _share(value: float | None) -> str:
    return NOTHING if value is None else f"{value:.1%}"
