"""Accounts: the list, the form, and the page with balance, the latest payments, notes and what others add."""

from typing import Any
from urllib.parse import urlencode

from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import path, reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.safestring import SafeString
from django.views.decorators.http import require_POST

from ledger.admin.account_forms import AccountForm, NewAccountForm, status_changed
from ledger.admin.account_history import account_past
from ledger.admin.account_page import account_page, account_panels_of
from ledger.admin.base import ServiceAdmin, choice_filter, mode_filter
from ledger.admin.confirm import TOGETHER_MAX, Question, Step, confirm
from ledger.admin.revealing import reveal, revealing
from ledger.admin.words import account_link, badge, money
from ledger.domain.masks import mask_name
from ledger.domain.payments import AccountStatus
from ledger.models import Account
from ledger.services.account_notes import account_note_add
from ledger.services.accounts import account_edit, account_open, account_set_status
from sentinel.core.catalogue import ACCOUNT_RISKS
from sentinel.core.errors import InvalidRequest

_EDITED = ("name", "home_country", "home_zone", "risk", "daily_limit_minor")

_STATUS_STEPS = {
    "freeze": (
        AccountStatus.FROZEN,
        "Freeze",
        "Frozen",
        "Every payment of a frozen account is declined until it is thawed.",
    ),
    "thaw": (AccountStatus.ACTIVE, "Thaw", "Thawed", "The account can be used again at once."),
}


@admin.register(Account)
class AccountAdmin(ServiceAdmin):
    form = AccountForm
    list_display = ("id", "masked_name", "currency", "home_country", "state", "risk", "available", "mode")
    list_select_related = ("balance",)
    list_filter = (
        choice_filter("kind", "kind", {"customer": "Customers", "system": "The bank's own"}),
        choice_filter("status", "status", {status.value: status.value.capitalize() for status in AccountStatus}),
        choice_filter("risk", "risk", {risk: risk.capitalize() for risk in ACCOUNT_RISKS}),
        mode_filter(),
    )
    search_fields = ("id__startswith", "name__iexact")
    search_help_text = "The beginning of an id, or a whole name."
    actions = ("freeze", "thaw")
    change_form_template = "admin/ledger/account/page.html"

    def get_fieldsets(self, request: HttpRequest, obj: Account | None = None) -> Any:
        if obj is None:
            return (
                (None, {"fields": ("id", "currency_code", "livemode", "name")}),
                ("Home", {"fields": ("home_country", "home_zone")}),
                ("Money and risk", {"fields": ("opening_balance", "floor", "daily_limit", "risk")}),
            )
        if not self.has_change_permission(request, obj):
            return ((None, {"fields": ("risk", "home_country", "home_zone")}),)
        status = ("status", "status_reason") if self.has_freeze_permission(request) else ("state",)
        return (
            (None, {"fields": ("name",)}),
            ("Home", {"fields": ("home_country", "home_zone")}),
            ("Limits and risk", {"fields": ("floor", "daily_limit", "risk")}),
            ("Status", {"fields": status}),
        )

    def get_search_results(self, request: HttpRequest, queryset: QuerySet[Any], search_term: str) -> Any:
        """A name is found by the whole of it: parts would let it be guessed letter by letter."""
        text = search_term.strip()
        return queryset.filter(Q(pk__startswith=text) | Q(name__iexact=text)) if text else queryset, False

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        return super().get_form(request, obj, change, form=AccountForm if obj else NewAccountForm, **kwargs)

    def get_readonly_fields(self, request: HttpRequest, obj: Account | None = None) -> tuple[str, ...]:
        if obj is None:
            return ()
        may_set = self.has_freeze_permission(request)
        return ("state", *(() if may_set else ("status", "status_reason")))

    def has_change_permission(self, request: HttpRequest, obj: Account | None = None) -> bool:
        """The bank's own accounts follow from the postings; there is nothing to edit."""
        is_own = obj is not None and obj.kind == Account.Kind.SYSTEM
        return not is_own and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Account | None = None) -> bool:
        return False

    def has_freeze_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("ledger.freeze_account")

    def save_model(self, request: HttpRequest, obj: Account, form: Any, change: bool) -> None:
        actor, now = request.user.get_username(), timezone.now()
        if not change:
            account_open(account_id=obj.id, terms=form.terms(), livemode=obj.livemode, actor=actor, now=now)
            return
        told = form.cleaned_data
        changes = {name: told[name] for name in _EDITED}
        # Not `obj`: it holds the new values already, and the audit tells the old ones too.
        account = Account.objects.get(pk=obj.pk)
        account_edit(account=account, changes=changes, floor_minor=told["floor_minor"], actor=actor, now=now)
        if (status := status_changed(form)) is not None:
            account_set_status(account_id=obj.pk, status=status, actor=actor, reason=told["status_reason"], now=now)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        account = Account.objects.select_related("balance").filter(pk=unquote(object_id)).first()
        context: dict[str, Any] = {"may_freeze": self.has_freeze_permission(request)}
        if account and self.has_view_permission(request):
            shown = revealing(request, account.pk)
            reveal_url = f"{reverse('admin:ledger_account_reveal')}?{urlencode({'id': account.pk})}"
            name = account.name if shown["is_revealed"] else name_shown(account)
            context |= account_page(account, request.user) | shown | {"reveal_url": reveal_url, "account_name": name}
            context |= account_past(request, account)
            context["panels"] = account_panels_of(request, account)
        return super().change_view(request, object_id, form_url, context)

    def get_urls(self) -> list[Any]:
        status = self.admin_site.admin_view(self.status_view)
        shown = self.admin_site.admin_view(self.reveal_view)
        return [
            path("status/<str:step>/", status, name="ledger_account_status"),
            path("reveal/", shown, name="ledger_account_reveal"),
            path("note/", self.admin_site.admin_view(self.note_view), name="ledger_account_note"),
            *super().get_urls(),
        ]

    def reveal_view(self, request: HttpRequest) -> HttpResponse:
        """The name of the account in `id`."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        account = get_object_or_404(Account, pk=request.GET.get("id", ""))
        back_url = reverse("admin:ledger_account_change", args=[account.pk])
        return reveal(request, subject=account.pk, back_url=back_url)

    @method_decorator(require_POST)
    def note_view(self, request: HttpRequest) -> HttpResponse:
        """Adds a note to the account in `id`."""
        if not (self.has_view_permission(request) and request.user.has_perm("ledger.work_case")):
            raise PermissionDenied
        account = get_object_or_404(Account, pk=request.GET.get("id", ""))
        try:
            actor, text = request.user.get_username(), request.POST.get("note", "")
            account_note_add(account=account, author=actor, text=text, now=timezone.now())
        except InvalidRequest as error:
            messages.error(request, f"Nothing was written. {error.detail}")
        else:
            messages.success(request, "The note stands with the account.")
        return HttpResponseRedirect(reverse("admin:ledger_account_change", args=[account.pk]))

    @admin.action(description="Freeze selected accounts", permissions=["freeze"])
    def freeze(self, request: HttpRequest, queryset: QuerySet[Account]) -> HttpResponse | None:
        return self._ask(request, queryset, "freeze")

    @admin.action(description="Thaw selected accounts", permissions=["freeze"])
    def thaw(self, request: HttpRequest, queryset: QuerySet[Account]) -> HttpResponse | None:
        return self._ask(request, queryset, "thaw")

    def _ask(self, request: HttpRequest, queryset: QuerySet[Account], step: str) -> HttpResponse | None:
        chosen = list(queryset.values_list("pk", flat=True)[: TOGETHER_MAX + 1])
        if len(chosen) > TOGETHER_MAX:
            self.message_user(request, f"Choose at most {TOGETHER_MAX} accounts at a time.", messages.ERROR)
            return None
        query = urlencode({"id": chosen}, doseq=True)
        return HttpResponseRedirect(f"{reverse('admin:ledger_account_status', args=[step])}?{query}")

    def status_view(self, request: HttpRequest, step: str) -> HttpResponse:
        """Asks for the reason, then freezes or thaws the customer accounts in `id`."""
        if not self.has_freeze_permission(request):
            raise PermissionDenied
        if step not in _STATUS_STEPS:
            raise Http404
        chosen = Account.objects.select_related("balance").filter(
            pk__in=request.GET.getlist("id")[:TOGETHER_MAX], kind=Account.Kind.CUSTOMER
        )
        steps = [_status_step(account, _STATUS_STEPS[step][0], request.user.get_username()) for account in chosen]
        return confirm(request, _question(step, len(steps)), steps)

    @admin.display(description="name")
    def masked_name(self, account: Account) -> str:
        return name_shown(account)

    @admin.display(description="status", ordering="status")
    def state(self, account: Account) -> SafeString:
        return badge(account.status)

    @admin.display
    def available(self, account: Account) -> SafeString | None:
        if account.kind == Account.Kind.SYSTEM:
            return None
        return money(account.balance.available_minor, account.currency)

    @admin.display(description="mode", ordering="livemode")
    def mode(self, account: Account) -> str:
        return "live" if account.livemode else "test"


def name_shown(account: Account) -> str:
    """A customer's name is masked; the bank's own accounts are nobody's."""
    return account.name if account.kind == Account.Kind.SYSTEM else mask_name(account.name)


def _question(step: str, count: int) -> Question:
    _, verb, done, explanation = _STATUS_STEPS[step]
    return Question(
        title=f"{verb} {count} account{'' if count == 1 else 's'}?",
        explanation=explanation,
        headings=("Account", "Name", "Available", "Now"),
        button=verb,
        done=done,
        back_url=reverse("admin:ledger_account_changelist"),
        is_dangerous=step == "freeze",
    )


def _status_step(account: Account, status: AccountStatus, actor: str) -> Step:
    columns = (
        account_link(account.id),
        name_shown(account) or "-",
        money(account.balance.available_minor, account.currency),
        badge(account.status),
    )

    def act(note: str) -> None:
        account_set_status(account_id=account.id, status=status, actor=actor, reason=note, now=timezone.now())

    return Step(account.id, columns, act)
