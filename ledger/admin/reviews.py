"""Reviews: payments whose money is held until somebody approves or declines them, or the time is up."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import F, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.urls import path, reverse
from django.utils import timezone
from django.utils.safestring import SafeString

from ledger.admin.base import ReadOnlyAdmin, RecordedFilter, mode_filter
from ledger.admin.confirm import TOGETHER_MAX, Question, Step, confirm
from ledger.admin.samples import samples_beside_reviews
from ledger.admin.words import account_link, badge, due, money, reason_codes, share, short_id, zone_words
from ledger.errors import HoldAlreadyResolved
from ledger.models import Hold, HoldResolution
from ledger.services.holds import hold_resolve
from sentinel.core.ids import uuid_in

Resolution = HoldResolution.Resolution

_QUESTIONS = {
    Resolution.APPROVED: ("Approve", "Approved", "The held money is paid out now, and the gateway is told."),
    Resolution.DECLINED: (
        "Decline",
        "Declined",
        "The held money is given back to the account, and the gateway is told.",
    ),
    Resolution.EXPIRED: (
        "Let expire",
        "Expired",
        "The held money is given back to the account without a verdict, as if the time were up.",
    ),
}


class StateFilter(admin.SimpleListFilter):
    """Open reviews unless somebody asks for others."""

    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("open", "Open"), ("decided", "Decided"), ("all", "All, open first")]

    def choices(self, changelist: Any) -> Iterator[Any]:
        shown = self.value() or "open"
        for value, words in self.lookup_choices:
            query_string = changelist.get_query_string({self.parameter_name: value})
            yield {"selected": shown == value, "query_string": query_string, "display": words}

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        match self.value():
            case "decided":
                return queryset.filter(resolution__isnull=False).order_by("-resolution__recorded_at")
            case "all":
                return queryset.order_by(F("resolution__recorded_at").desc(nulls_first=True), "expires_at")
        return queryset.filter(resolution__isnull=True).order_by("expires_at")


@admin.register(Hold)
class HoldAdmin(ReadOnlyAdmin):
    list_display = ("amount", "merchant", "account_", "score", "reasons", "due_in", "id_")
    list_display_links = ("amount",)
    list_select_related = ("transaction__decision", "resolution")
    list_filter = (StateFilter, RecordedFilter, mode_filter("transaction__livemode"))
    search_fields = ("transaction__id",)
    search_help_text = "A whole txn_… id or account id."
    sortable_by = ()
    actions = ("approve", "decline", "expire")
    change_list_template = "admin/ledger/hold/list.html"

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return super().changelist_view(request, {**(extra_context or {}), "samples": samples_beside_reviews()})

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return Hold.objects.order_by("expires_at")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        text = search_term.strip()
        if not text:
            return queryset, False
        transaction_id = uuid_in("txn", text)
        return queryset.filter(pk=transaction_id) if transaction_id else queryset.filter(account_id=text), False

    def get_urls(self) -> list[Any]:
        resolve = self.admin_site.admin_view(self.resolve_view)
        return [path("resolve/<str:resolution>/", resolve, name="ledger_hold_resolve"), *super().get_urls()]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """A review is decided where everything is on one page: its transaction's."""
        transaction_id = uuid_in("txn", object_id)
        if transaction_id is None:
            return super().change_view(request, object_id, form_url, extra_context)
        return redirect("admin:ledger_transaction_change", transaction_id)

    def has_resolve_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("ledger.resolve_hold")

    @admin.action(description="Approve selected reviews", permissions=["resolve"])
    def approve(self, request: HttpRequest, queryset: QuerySet[Hold]) -> HttpResponse | None:
        return self._ask(request, queryset, Resolution.APPROVED)

    @admin.action(description="Decline selected reviews", permissions=["resolve"])
    def decline(self, request: HttpRequest, queryset: QuerySet[Hold]) -> HttpResponse | None:
        return self._ask(request, queryset, Resolution.DECLINED)

    @admin.action(description="Let selected reviews expire", permissions=["resolve"])
    def expire(self, request: HttpRequest, queryset: QuerySet[Hold]) -> HttpResponse | None:
        return self._ask(request, queryset, Resolution.EXPIRED)

    def _ask(
        self, request: HttpRequest, queryset: QuerySet[Hold], resolution: HoldResolution.Resolution
    ) -> HttpResponse | None:
        chosen = list(queryset.values_list("pk", flat=True)[: TOGETHER_MAX + 1])
        if len(chosen) > TOGETHER_MAX:
            self.message_user(request, f"Choose at most {TOGETHER_MAX} reviews at a time.", messages.ERROR)
            return None
        url = reverse("admin:ledger_hold_resolve", args=[resolution.value])
        return HttpResponseRedirect(f"{url}?ids={','.join(pk.hex for pk in chosen)}")

    def resolve_view(self, request: HttpRequest, resolution: str) -> HttpResponse:
        """Asks, then resolves the holds in `ids`. One that somebody else was faster with does not stop the others."""
        if not self.has_resolve_permission(request):
            raise PermissionDenied
        if resolution not in _QUESTIONS:
            raise Http404
        chosen = [uuid_in("txn", text) for text in request.GET.get("ids", "").split(",")[:TOGETHER_MAX]]
        holds = Hold.objects.select_related("transaction__decision", "resolution").filter(
            pk__in=[pk for pk in chosen if pk]
        )
        ending = Resolution(resolution)
        steps = [_step(hold, ending, request.user.get_username()) for hold in holds.order_by("expires_at")]
        return confirm(request, _question(ending, len(steps)), steps)

    @admin.display(description="transaction")
    def id_(self, hold: Hold) -> SafeString:
        return short_id(hold.pk)

    @admin.display
    def amount(self, hold: Hold) -> SafeString:
        return money(hold.amount_minor, hold.currency)

    @admin.display(description="account")
    def account_(self, hold: Hold) -> SafeString:
        return account_link(hold.account_id)

    @admin.display
    def merchant(self, hold: Hold) -> str | None:
        return hold.transaction.merchant_name or hold.transaction.merchant_id

    @admin.display
    def score(self, hold: Hold) -> str:
        return share(hold.transaction.decision.score_percentile)

    @admin.display
    def reasons(self, hold: Hold) -> SafeString:
        return reason_codes(hold.transaction.decision.reasons)

    @admin.display(description="due in")
    def due_in(self, hold: Hold) -> SafeString:
        """How it ended, once it has."""
        resolution = _resolution_of(hold)
        return badge(resolution.resolution) if resolution else due(hold.expires_at)


def _resolution_of(hold: Hold) -> HoldResolution | None:
    return getattr(hold, "resolution", None)


def _question(resolution: HoldResolution.Resolution, count: int) -> Question:
    verb, done, explanation = _QUESTIONS[resolution]
    return Question(
        title=f"{verb} {count} review{'' if count == 1 else 's'}?",
        explanation=explanation,
        headings=("Transaction", "Amount", "Account", "Reasons", "Now"),
        button=verb,
        done=done,
        back_url=reverse("admin:ledger_hold_changelist"),
        is_dangerous=resolution is not Resolution.APPROVED,
    )


def _step(hold: Hold, resolution: HoldResolution.Resolution, actor: str) -> Step:
    ended = _resolution_of(hold)
    columns = (
        short_id(hold.pk),
        money(hold.amount_minor, hold.currency),
        account_link(hold.account_id),
        reason_codes(hold.transaction.decision.reasons),
        badge(ended.resolution if ended else "open"),
    )

    def act(note: str) -> None:
        try:
            hold_resolve(transaction_id=hold.pk, resolution=resolution, actor=actor, note=note, now=timezone.now())
        except HoldAlreadyResolved as error:
            raise HoldAlreadyResolved(_who_was_faster(hold.pk)) from error

    return Step(hold.transaction.public_id, columns, act)


def _who_was_faster(transaction_id: UUID) -> str:
    ended = HoldResolution.objects.get(pk=transaction_id)
    at = timezone.localtime(ended.recorded_at)
    return f"it was {ended.resolution} by {ended.actor} at {at:%H:%M:%S} {zone_words()}."
