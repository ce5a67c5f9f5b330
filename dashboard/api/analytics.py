"""The dashboard's figures for machines: the same selectors, and so the same numbers."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from dashboard.api.schemas import ModelsOut, PatternsOut, RiskOut, TrendsOut
from dashboard.domain.figures import Amount, Moment, Money, Tally
from dashboard.domain.periods import DAYS_MAX, Period, PeriodError, period_of_days, period_of_last
from dashboard.selectors import figures
from dashboard.selectors.figures import PATTERNS, SCORE_STEPS, Topic
from dashboard.selectors.rolled import Filters
from ledger.domain.receipts import rfc3339
from sentinel.api.documentation import problems
from sentinel.api.pagination import query_parameters
from sentinel.api.views import ApiView, client_of
from sentinel.core.errors import FieldError, InvalidRequest
from sentinel.core.money import EXPONENTS, format_amount

DAYS_DEFAULT = 30
SHARE_DECIMALS = 6
TAGS = ["analytics"]
_PARAMETERS = [
    OpenApiParameter("days", int, description=f"The last so many days, {DAYS_DEFAULT} unless told."),
    OpenApiParameter("from", str, description="The first day, in the place of `days`: 2026-01-01. UTC."),
    OpenApiParameter("to", str, description="The last day, with it."),
    OpenApiParameter("currency", str, description="Payments in this currency only."),
]
_PATTERN_NAMES = {Topic.CHANNEL: "by_channel", Topic.COUNTRY: "by_country", Topic.CATEGORY: "by_category"}


class AnalyticsView(ApiView):
    """Bank-wide: the scope is for whoever answers for the whole, not for one gateway among several. Of live payments,
    and for a test client of test payments.
    """

    scopes = {"GET": "analytics:read"}

    def answer(self, request: Request, read: Callable[[Period, Filters], dict[str, Any]]) -> Response:
        asked = query_parameters(request, "days", "from", "to", "currency")
        period, currency = _period(asked, timezone.now()), _currency(asked.get("currency"))
        fresh = figures.freshness()
        head = {
            "period": {
                "from": rfc3339(period.start),
                "to": rfc3339(period.end),
                "step": "hour" if period.is_by_hour else "day",
            },
            "currency": currency or None,
            "updated_at": rfc3339(fresh.updated_at) if fresh else None,
        }
        return Response(head | read(period, Filters(currency, client_of(request).livemode)))


class FraudTrendsView(AnalyticsView):
    @extend_schema(
        operation_id="analytics_fraud_trends",
        summary="Outcomes and fraud over time",
        parameters=_PARAMETERS,
        responses={200: TrendsOut, **problems(400, 403)},
        tags=TAGS,
    )
    def get(self, request: Request) -> Response:
        """By the hour or day, with the money of the whole period. Labels come late, so the newest days still grow."""
        return self.answer(request, _trends)


class RiskDistributionView(AnalyticsView):
    @extend_schema(
        operation_id="analytics_risk_distribution",
        summary="Payments by their score",
        parameters=_PARAMETERS,
        responses={200: RiskOut, **problems(400, 403)},
        tags=TAGS,
    )
    def get(self, request: Request) -> Response:
        """By twentieths of the score percentile, as decided."""
        return self.answer(request, _risk)


class TransactionPatternsView(AnalyticsView):
    @extend_schema(
        operation_id="analytics_transaction_patterns",
        summary="When, where and what is paid",
        parameters=_PARAMETERS,
        responses={200: PatternsOut, **problems(400, 403)},
        tags=TAGS,
    )
    def get(self, request: Request) -> Response:
        """By weekday and hour (UTC), channel, and the merchant's country and category."""
        return self.answer(request, _patterns)


class ModelPerformanceView(AnalyticsView):
    @extend_schema(
        operation_id="analytics_model_performance",
        summary="How the models that decided have done",
        parameters=_PARAMETERS,
        responses={200: ModelsOut, **problems(400, 403)},
        tags=TAGS,
    )
    def get(self, request: Request) -> Response:
        """By the model that scored: what was stopped of the fraud that is known by now, and which good customers."""
        return self.answer(request, _models)


def _trends(period: Period, filters: Filters) -> dict[str, Any]:
    moments, money = figures.fraud_trends(period, filters), figures.money(period, filters)
    return {"results": [_moment(each) for each in moments], "money": [_money(each) for each in money]}


def _risk(period: Period, filters: Filters) -> dict[str, Any]:
    *bands, without = figures.risk_distribution(period, filters)
    return {"results": [_band(step, tally) for step, tally in enumerate(bands)], "without_score": _tally(without)}


def _patterns(period: Period, filters: Filters) -> dict[str, Any]:
    week, tallies = figures.transaction_patterns(period, filters)
    by_hour = [
        {"weekday": weekday, "hour": hour, "payments": payments, "fraud": fraud}
        for (weekday, hour), (payments, fraud) in sorted(week.items())
    ]
    named = {
        _PATTERN_NAMES[topic]: [{"name": each.key, **_tally(each)} for each in tallies[topic]] for topic in PATTERNS
    }
    return {"by_hour": by_hour, **named}


def _models(period: Period, filters: Filters) -> dict[str, Any]:
    found = figures.model_performance(period, filters)
    return {"results": [{"model_version": each.version, "kind": each.kind, **_tally(each.tally)} for each in found]}


def _moment(moment: Moment) -> dict[str, Any]:
    return {
        "at": rfc3339(moment.at),
        "payments": moment.payments,
        "approved": moment.approved,
        "reviewed": moment.reviewed,
        "declined_for_risk": moment.blocked,
        "declined_for_account": moment.otherwise,
        "fraud": moment.fraud,
        "fraud_caught": moment.caught,
        "fraud_approved": moment.lost,
    }


def _money(money: Money) -> dict[str, Any]:
    def amount(of: Amount) -> dict[str, Any]:
        return {"payments": of.payments, "amount": format_amount(of.amount_minor, money.currency)}

    return {
        "currency": money.currency,
        "approved": amount(money.approved),
        "blocked": amount(money.blocked),
        "held": amount(money.held),
        "fraud_lost": amount(money.fraud_lost),
        "good_customers_stopped": amount(money.good_stopped),
    }


def _band(step: int, tally: Tally) -> dict[str, Any]:
    edges = {"score_from": f"{step / SCORE_STEPS:.2f}", "score_to": f"{(step + 1) / SCORE_STEPS:.2f}"}
    return {**edges, **_tally(tally)}


def _tally(tally: Tally) -> dict[str, Any]:
    caught = tally.caught_share
    return {
        "payments": tally.payments,
        "stopped": tally.stopped,
        "declined": tally.blocked,
        "fraud": tally.fraud,
        "fraud_caught": tally.caught,
        "good_customers_stopped": tally.good_stopped,
        "stopped_share": round(tally.stopped_share, SHARE_DECIMALS),
        "fraud_share": round(tally.fraud_share, SHARE_DECIMALS),
        "caught_share": None if caught is None else round(caught, SHARE_DECIMALS),
    }


def _period(asked: dict[str, str], now: datetime) -> Period:
    try:
        if "from" not in asked and "to" not in asked:
            return period_of_last(_days(asked.get("days", str(DAYS_DEFAULT))), now)
        if "days" in asked:
            raise PeriodError("days", "Send either `days`, or `from` and `to`.")
        return period_of_days(asked.get("from", ""), asked.get("to", ""))
    except PeriodError as error:
        raise InvalidRequest(str(error), errors=[FieldError(error.field, "wrong_period", str(error))]) from None


def _days(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and 1 <= int(text[:9]) <= DAYS_MAX):
        raise PeriodError("days", f"From 1 to {DAYS_MAX}.")
    return int(text)


def _currency(text: str | None) -> str:
    if text and text not in EXPONENTS:
        words = f"{text!r} is not an ISO 4217 currency code in use."
        raise InvalidRequest(words, errors=[FieldError("currency", "unknown_currency", words)])
    return text or ""
