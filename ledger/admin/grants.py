from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.safestring import SafeString

from ledger.admin.base import ServiceAdmin
from ledger.admin.words import account_link
from ledger.models import AccountGrant
from ledger.services.clients import grant_give, grant_take


@admin.register(AccountGrant)
class AccountGrantAdmin(ServiceAdmin):
    list_display = ("account_", "client")
    list_display_links = None
    list_select_related = ("client",)
    list_filter = ("client",)
    search_fields = ("account__id__exact",)
    search_help_text = "A whole account id."
    raw_id_fields = ("account",)
    fields = ("client", "account")
    actions = ("take_back",)

    def has_change_permission(self, request: HttpRequest, obj: AccountGrant | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: AccountGrant | None = None) -> bool:
        """By the action, which tells the accounts' profiles."""
        return False

    def has_take_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("ledger.delete_accountgrant")

    def save_model(self, request: HttpRequest, obj: AccountGrant, form: Any, change: bool) -> None:
        made = grant_give(
            account=obj.account, client=obj.client, actor=request.user.get_username(), now=timezone.now()
        )
        obj.pk = made.pk

    @admin.action(description="Take back selected grants", permissions=["take"])
    def take_back(self, request: HttpRequest, queryset: QuerySet[AccountGrant]) -> None:
        for grant in queryset.select_related("client"):
            grant_take(grant=grant, actor=request.user.get_username(), now=timezone.now())

    @admin.display(description="account")
    def account_(self, grant: AccountGrant) -> SafeString:
        return account_link(grant.account_id)
