"""Transactions, to look at: the list, and one page with everything that is known of a payment."""

from typing import Any
from uuid import UUID

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import path, reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.safestring import SafeString

from ledger.admin.base import PlainTitle, ReadOnlyAdmin, RecordedFilter, choice_filter, first_id_since, mode_filter
from ledger.admin.revealing import reveal, revealing
from ledger.admin.reversing import reverse_payment
from ledger.admin.transaction_page import panels_of, transaction_page
from ledger.admin.words import account_link, badge, moment, money, reason_codes, share, short_id, zoned
from ledger.models import Account, Transaction
from ledger.selectors.transactions import transaction_states
from sentinel.api.models import GatewayClient
from sentinel.core.ids import parse_public_id, public_id, uuid_in
from sentinel.core.money import EXPONENTS

# There is no index by merchant: a search looks through the payments of this long.
MERCHANT_SEARCH_HOURS = 31 * 24


class CurrencyFilter(admin.SimpleListFilter):
    """The currencies there are accounts in: a short list, where transactions are many."""

    title = "currency"
    parameter_name = "currency"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        used = (
            Account.objects.filter(kind=Account.Kind.SYSTEM).order_by("currency").values_list("currency", flat=True)
        )
        return [(currency, currency) for currency in used.distinct()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(currency=self.value()) if self.value() in EXPONENTS else queryset


class WithStatus(PlainTitle):
    """Asks for the derived status of the page's rows together."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        states = transaction_states(row.pk for row in self.result_list)
        for row in self.result_list:
            row.status = states[row.pk].status.value


@admin.register(Transaction)
class TransactionAdmin(ReadOnlyAdmin):
    list_display = ("recorded", "amount", "merchant", "account_", "outcome", "status", "score", "reasons", "id_")
    list_display_links = ("recorded",)
    list_select_related = ("decision",)
    list_filter = (
        RecordedFilter,
        choice_filter(
            "outcome", "decision__outcome", {"approve": "Approve", "review": "Review", "decline": "Decline"}
        ),
        CurrencyFilter,
        mode_filter(),
    )
    search_fields = ("id",)
    search_help_text = "A whole txn_… id, account id, reference, or merchant id (the last 31 days)."
    ordering = ("-id",)
    sortable_by = ()
    change_form_template = "admin/ledger/transaction/page.html"
    fields = ()

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return WithStatus

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """What the text names exactly, the first kind that exists; each look-up goes by an index or a time span."""
        text = search_term.strip()
        if not text:
            return queryset, False
        if (transaction_id := uuid_in("txn", text)) is not None:
            return queryset.filter(pk=transaction_id), False
        if Account.objects.filter(pk=text).exists():
            return queryset.filter(account_id=text), False
        # The index of references begins with the client.
        clients = list(GatewayClient.objects.values_list("pk", flat=True))
        by_reference = queryset.filter(client_id__in=clients, reference=text)
        if by_reference.exists():
            return by_reference, False
        return queryset.filter(merchant_id=text, id__gte=first_id_since(hours=MERCHANT_SEARCH_HOURS)), False

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        """By UUID or by the name the API uses."""
        named = parse_public_id("txn", object_id)
        return super().get_object(request, str(named) if named else object_id, from_field)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        payment = self.get_object(request, object_id)
        facts: dict[str, Any] = {}
        if payment and self.has_view_permission(request):
            shown = revealing(request, payment.public_id)
            shown["reveal_url"] = reverse("admin:ledger_transaction_reveal", args=[payment.pk])
            facts = transaction_page(payment, request.user, is_revealed=shown["is_revealed"]) | shown
            facts["panels"] = panels_of(request, payment)
        return super().change_view(request, object_id, form_url, {"title": "Transaction", **facts})

    def get_urls(self) -> list[Any]:
        shown = self.admin_site.admin_view(self.reveal_view)
        given_back = self.admin_site.admin_view(self.reverse_view)
        return [
            path("<uuid:payment_id>/reveal/", shown, name="ledger_transaction_reveal"),
            path("<uuid:payment_id>/reverse/", given_back, name="ledger_transaction_reverse"),
            *super().get_urls(),
        ]

    def reveal_view(self, request: HttpRequest, payment_id: UUID) -> HttpResponse:
        if not (self.has_view_permission(request) and request.user.has_perm("ledger.view_personaldetail")):
            raise PermissionDenied
        payment = get_object_or_404(Transaction, pk=payment_id)
        back_url = _safe_back(request) or reverse("admin:ledger_transaction_change", args=[payment.pk])
        return reveal(request, subject=payment.public_id, back_url=back_url)

    def reverse_view(self, request: HttpRequest, payment_id: UUID) -> HttpResponse:
        if not (self.has_view_permission(request) and request.user.has_perm("ledger.reverse_transaction")):
            raise PermissionDenied
        return reverse_payment(request, get_object_or_404(Transaction, pk=payment_id))

    def audit_subject(self, object_id: str) -> str:
        transaction_id = uuid_in("txn", object_id)
        return public_id("txn", transaction_id) if transaction_id else object_id

    @admin.display(description=zoned("recorded"))
    def recorded(self, payment: Transaction) -> SafeString:
        return moment(payment.recorded_at)

    @admin.display(description="account")
    def account_(self, payment: Transaction) -> SafeString:
        return account_link(payment.account_id)

    @admin.display
    def merchant(self, payment: Transaction) -> str | None:
        return payment.merchant_name or payment.merchant_id

    @admin.display
    def amount(self, payment: Transaction) -> SafeString:
        return money(payment.amount_minor, payment.currency)

    @admin.display
    def outcome(self, payment: Transaction) -> SafeString:
        return badge(payment.decision.outcome)

    @admin.display
    def status(self, payment: Any) -> SafeString:
        return badge(payment.status)

    @admin.display(description="score")
    def score(self, payment: Transaction) -> str:
        return share(payment.decision.score_percentile)

    @admin.display
    def reasons(self, payment: Transaction) -> SafeString:
        return reason_codes(payment.decision.reasons)

    @admin.display(description="id")
    def id_(self, payment: Transaction) -> SafeString:
        return short_id(payment.pk)


def _safe_back(request: HttpRequest) -> str:
    """The page of this site that asked; empty for anything else."""
    back = request.POST.get("back", "")
    return back if url_has_allowed_host_and_scheme(back, {request.get_host()}, request.is_secure()) else ""
