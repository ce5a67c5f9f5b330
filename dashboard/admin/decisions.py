"""The list behind the dashboard's numbers: decisions of a span, narrowed as the number is."""

import re
from collections.abc import Collection, Iterator
from typing import Any
from urllib.parse import urlencode

from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from dashboard.domain.figures import APPROVED, BLOCKED, HELD, OTHERWISE, REVIEWED, STOPPED
from dashboard.domain.periods import Period
from dashboard.domain.spans import span_read, span_written
from dashboard.models import DecisionFact, RuleDimension, RuleFact
from ledger.admin.base import ReadOnlyAdmin
from ledger.admin.words import NOTHING, account_link, badge, moment, money, share, short_id, zoned
from ledger.domain.payments import TransactionType

_GROUPS: dict[str, tuple[str, Collection[str]]] = {
    "approved": ("Approved", APPROVED),
    "blocked": ("Blocked", BLOCKED),
    "held": ("Held now", HELD),
    "stopped": ("Stopped, if only for a while", STOPPED),
    "caught": ("Stopped and not approved later", STOPPED - APPROVED),
    "reviewed": ("Reviewed", REVIEWED),
    "otherwise": ("Not paid for other reasons", OTHERWISE),
    "approve": ("Approved at once", {"approve"}),
    "decline.risk": ("Declined for the risk", {"decline.risk"}),
    "decline.account": ("Declined for the account or its money", {"decline.account"}),
}
# After the outcome: what became of a review, and why it was declined.
_REST = {"approve": "", "review": "{}", "decline": "for {}"}
_TAKES_MONEY_OUT = [each.value for each in TransactionType if each.takes_money_out]


def decisions_url(period: Period | None, **narrowed: str) -> str:
    """The list of what a number counts."""
    span = {"occurred": span_written(period.start, period.end)} if period else {}
    return f"{reverse('admin:dashboard_decisionfact_changelist')}?{urlencode({**span, **narrowed})}"


class AskedFilter(admin.SimpleListFilter):
    """A filter over any value that an address names; on the page it offers what is asked for, and all."""

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return []

    def has_output(self) -> bool:
        return True

    def choices(self, changelist: Any) -> Iterator[Any]:
        value = self.value()
        gone = changelist.get_query_string(remove=[self.parameter_name])
        yield {"selected": value is None, "query_string": gone, "display": "All"}
        if value is not None:
            same = changelist.get_query_string({self.parameter_name: value})
            yield {"selected": True, "query_string": same, "display": self.words(value)}

    def words(self, value: str) -> str:
        return value or "not told"


class OccurredFilter(AskedFilter):
    title = "occurred (UTC)"
    parameter_name = "occurred"

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() is None:
            return queryset
        try:
            start, end = span_read(str(self.value()))
        except ValueError as error:
            raise IncorrectLookupParameters from error
        return queryset.filter(occurred_at__gte=start, occurred_at__lt=end)

    def words(self, value: str) -> str:
        start, end = span_read(value)
        return f"{start:%-d %b %Y %H:%M} to {end:%-d %b %Y %H:%M}"


class WeekFilter(AskedFilter):
    """An hour of a weekday, UTC, as the heat map has them: 1-09 is Monday from nine to ten."""

    title = "hour of the week (UTC)"
    parameter_name = "week"

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() is None:
            return queryset
        if not (found := re.fullmatch(r"([1-7])-(\d\d)", str(self.value()), re.ASCII)):
            raise IncorrectLookupParameters
        return queryset.filter(day__iso_week_day=int(found[1]), hour=int(found[2]))


class RuleFilter(AskedFilter):
    title = "rule"
    parameter_name = "rule"

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() is None:
            return queryset
        versions = RuleDimension.objects.filter(code=self.value()).values("version")
        hits = RuleFact.objects.filter(
            transaction_id=OuterRef("transaction_id"), version__in=versions, had_a_say=True
        )
        return queryset.filter(Exists(hits))


class ScoreFilter(AskedFilter):
    """A twentieth of the score percentile by its lower end; empty: without a score."""

    title = "score from"
    parameter_name = "score"

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() is None:
            return queryset
        if self.value() == "":
            return queryset.filter(score_percentile__isnull=True)
        try:
            low = float(str(self.value()))
        except ValueError as error:
            raise IncorrectLookupParameters from error
        # The last twentieth has its upper end, too.
        return queryset.filter(score_percentile__gte=low, score_percentile__lt=low + 0.05 if low < 0.95 else 2)


def _column_filter(title_: str, name: str, column: str) -> type[AskedFilter]:
    class ColumnFilter(AskedFilter):
        title = title_
        parameter_name = name

        def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
            return queryset if self.value() is None else queryset.filter(**{column: self.value()})

    return ColumnFilter


class OutcomeFilter(admin.SimpleListFilter):
    title = "outcome"
    parameter_name = "outcome"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(name, words) for name, (words, _) in _GROUPS.items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() not in _GROUPS:
            return queryset
        return queryset.filter(outcome_code__in=_GROUPS[str(self.value())][1])


class LabelFilter(admin.SimpleListFilter):
    title = "label"
    parameter_name = "label"
    _values: dict[str, bool | None] = {"fraud": True, "legitimate": False, "none": None}

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("fraud", "Confirmed fraud"), ("legitimate", "Legitimate"), ("none", "No label yet")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() not in self._values:
            return queryset
        value = self._values[str(self.value())]
        return queryset.filter(is_fraud__isnull=True) if value is None else queryset.filter(is_fraud=value)


class DirectionFilter(admin.SimpleListFilter):
    """The dashboard counts money going out."""

    title = "direction"
    parameter_name = "direction"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("out", "Money going out"), ("in", "Money coming in")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        match self.value():
            case "out":
                return queryset.filter(transaction_type__in=_TAKES_MONEY_OUT)
            case "in":
                return queryset.exclude(transaction_type__in=_TAKES_MONEY_OUT)
        return queryset


class ModeFilter(admin.SimpleListFilter):
    """Live payments, unless an address asks for those of tests."""

    title = "mode"
    parameter_name = "mode"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("test", "Test payments")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(livemode=self.value() != "test")

    def choices(self, changelist: Any) -> Iterator[Any]:
        live, *rest = super().choices(changelist)
        yield {**live, "display": "Live payments"}
        yield from rest


@admin.register(DecisionFact)
class DecisionFactAdmin(ReadOnlyAdmin):
    list_display = ("occurred", "amount", "merchant_", "account_", "outcome", "label", "score", "id_")
    list_display_links = ("occurred",)
    list_select_related = ("merchant",)
    list_filter = (
        OccurredFilter,
        ModeFilter,
        OutcomeFilter,
        LabelFilter,
        DirectionFilter,
        _column_filter("currency", "currency", "currency"),
        _column_filter("channel", "channel", "channel"),
        _column_filter("merchant's country", "country", "merchant__country"),
        _column_filter("merchant's category", "category", "merchant__category"),
        _column_filter("model", "model", "model_version"),
        _column_filter("reviewer", "reviewer", "resolved_by"),
        ScoreFilter,
        WeekFilter,
        RuleFilter,
    )
    ordering = ("-occurred_at", "-transaction_id")
    sortable_by = ()

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whoever may see a number may see what it counts."""
        return request.user.has_perm("dashboard.view_dashboard")

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Everything that is known of a payment is on its own page."""
        return redirect("admin:ledger_transaction_change", object_id)

    @admin.display(description=zoned("occurred"))
    def occurred(self, fact: DecisionFact) -> SafeString:
        return moment(fact.occurred_at)

    @admin.display
    def amount(self, fact: DecisionFact) -> SafeString:
        return money(fact.amount_minor, fact.currency)

    @admin.display(description="merchant")
    def merchant_(self, fact: DecisionFact) -> str:
        return str(fact.merchant) or NOTHING

    @admin.display(description="account")
    def account_(self, fact: DecisionFact) -> SafeString:
        return account_link(fact.account_id)

    @admin.display
    def outcome(self, fact: DecisionFact) -> SafeString:
        outcome, _, rest = fact.outcome_code.partition(".")
        return format_html('{} <span class="quiet">{}</span>', badge(outcome), _REST[outcome].format(rest))

    @admin.display
    def label(self, fact: DecisionFact) -> SafeString:
        return badge({True: "fraud", False: "legitimate", None: None}[fact.is_fraud])

    @admin.display
    def score(self, fact: DecisionFact) -> str:
        return share(fact.score_percentile)

    @admin.display(description="id")
    def id_(self, fact: DecisionFact) -> SafeString:
        return short_id(fact.pk)
