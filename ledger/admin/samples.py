"""Sampled reviews: approved payments, chosen by chance, of which somebody says what they were. No money waits."""

from collections.abc import Iterator
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.urls import path, reverse
from django.utils import timezone
from django.utils.safestring import SafeString

from ledger.admin.base import ReadOnlyAdmin
from ledger.admin.confirm import TOGETHER_MAX, Question, Step, confirm
from ledger.admin.words import account_link, badge, moment, money, share, short_id, zoned
from ledger.models import SampledReview
from ledger.services.sampling import sample_decide
from sentinel.core.ids import uuid_in

SHOWN_BESIDE_REVIEWS = 5
_VERDICTS = {"legitimate": ("Legitimate", False), "fraud": ("Fraud", True)}


class SampleStateFilter(admin.SimpleListFilter):
    """Open ones unless somebody asks for others."""

    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("open", "Open"), ("decided", "Decided")]

    def choices(self, changelist: Any) -> Iterator[Any]:
        shown = self.value() or "open"
        for value, words in self.lookup_choices:
            query_string = changelist.get_query_string({self.parameter_name: value})
            yield {"selected": shown == value, "query_string": query_string, "display": words}

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() == "decided":
            return queryset.filter(decided_at__isnull=False).order_by("-decided_at")
        return queryset.filter(decided_at__isnull=True).order_by("chosen_at")


@admin.register(SampledReview)
class SampledReviewAdmin(ReadOnlyAdmin):
    list_display = ("amount", "merchant", "account_", "score", "chosen", "verdict", "id_")
    list_display_links = ("amount",)
    list_select_related = ("transaction__decision",)
    list_filter = (SampleStateFilter,)
    search_fields = ("transaction__id",)
    search_help_text = "A whole txn_… id or account id."
    sortable_by = ()
    actions = ("legitimate", "fraud")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        text = search_term.strip()
        if not text:
            return queryset, False
        transaction_id = uuid_in("txn", text)
        return queryset.filter(pk=transaction_id) if transaction_id else queryset.filter(account_id=text), False

    def get_urls(self) -> list[Any]:
        decide = self.admin_site.admin_view(self.decide_view)
        return [path("decide/<str:verdict>/", decide, name="ledger_sampledreview_decide"), *super().get_urls()]

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """As for reviews."""
        return request.user.has_perm("ledger.view_hold")

    def has_resolve_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("ledger.resolve_hold")

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Everything is on one page: its transaction's."""
        transaction_id = uuid_in("txn", object_id)
        if transaction_id is None:
            return super().change_view(request, object_id, form_url, extra_context)
        return redirect("admin:ledger_transaction_change", transaction_id)

    @admin.action(description="Selected payments were legitimate", permissions=["resolve"])
    def legitimate(self, request: HttpRequest, queryset: QuerySet[SampledReview]) -> HttpResponse | None:
        return self._ask(request, queryset, "legitimate")

    @admin.action(description="Selected payments were fraud", permissions=["resolve"])
    def fraud(self, request: HttpRequest, queryset: QuerySet[SampledReview]) -> HttpResponse | None:
        return self._ask(request, queryset, "fraud")

    def _ask(self, request: HttpRequest, queryset: QuerySet[SampledReview], verdict: str) -> HttpResponse | None:
        chosen = list(queryset.values_list("pk", flat=True)[: TOGETHER_MAX + 1])
        if len(chosen) > TOGETHER_MAX:
            self.message_user(request, f"Choose at most {TOGETHER_MAX} payments at a time.", messages.ERROR)
            return None
        url = reverse("admin:ledger_sampledreview_decide", args=[verdict])
        return HttpResponseRedirect(f"{url}?ids={','.join(pk.hex for pk in chosen)}")

    def decide_view(self, request: HttpRequest, verdict: str) -> HttpResponse:
        """Asks, then decides the samples in `ids`. One that somebody was faster with does not stop the others."""
        if not self.has_resolve_permission(request):
            raise PermissionDenied
        if verdict not in _VERDICTS:
            raise Http404
        chosen = [uuid_in("txn", text) for text in request.GET.get("ids", "").split(",")[:TOGETHER_MAX]]
        samples = SampledReview.objects.select_related("transaction").filter(pk__in=[pk for pk in chosen if pk])
        steps = [_step(sample, verdict, request.user.get_username()) for sample in samples.order_by("chosen_at")]
        return confirm(request, _question(verdict, len(steps)), steps)

    @admin.display(description="transaction")
    def id_(self, sample: SampledReview) -> SafeString:
        return short_id(sample.pk)

    @admin.display
    def amount(self, sample: SampledReview) -> SafeString:
        return money(sample.transaction.amount_minor, sample.transaction.currency)

    @admin.display(description="account")
    def account_(self, sample: SampledReview) -> SafeString:
        return account_link(sample.account_id)

    @admin.display
    def merchant(self, sample: SampledReview) -> str | None:
        return sample.transaction.merchant_name or sample.transaction.merchant_id

    @admin.display
    def score(self, sample: SampledReview) -> str:
        return share(sample.transaction.decision.score_percentile)

    @admin.display(description=zoned("chosen"))
    def chosen(self, sample: SampledReview) -> SafeString:
        return moment(sample.chosen_at)

    @admin.display
    def verdict(self, sample: SampledReview) -> SafeString:
        return badge(sample_state(sample))


def sample_state(sample: SampledReview) -> str:
    if sample.is_fraud is None:
        return "open"
    return "fraud" if sample.is_fraud else "legitimate"


def samples_beside_reviews() -> list[SampledReview]:
    """The oldest open ones, for the list of reviews."""
    waiting = SampledReview.objects.filter(decided_at__isnull=True).select_related("transaction")
    return list(waiting.order_by("chosen_at")[: SHOWN_BESIDE_REVIEWS + 1])


def _question(verdict: str, count: int) -> Question:
    words, is_fraud = _VERDICTS[verdict]
    return Question(
        title=f"{'Were' if count != 1 else 'Was'} {count} sampled payment{'' if count == 1 else 's'} {verdict}?",
        explanation="It becomes a label, from which models learn. The money stays where it is, and nobody is told.",
        headings=("Transaction", "Amount", "Account", "Now"),
        button=words,
        done=words,
        back_url=reverse("admin:ledger_sampledreview_changelist"),
        is_dangerous=is_fraud,
    )


def _step(sample: SampledReview, verdict: str, actor: str) -> Step:
    payment = sample.transaction
    columns = (
        short_id(sample.pk),
        money(payment.amount_minor, payment.currency),
        account_link(sample.account_id),
        badge(sample_state(sample)),
    )

    def act(note: str) -> None:
        _, is_fraud = _VERDICTS[verdict]
        sample_decide(transaction_id=sample.pk, is_fraud=is_fraud, actor=actor, note=note, now=timezone.now())

    return Step(payment.public_id, columns, act)
