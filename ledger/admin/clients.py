"""Gateway clients: what they may do, from where, their secret, and links to their keys and granted accounts.

Here and not with the models, since every change is audited and the audit belongs to the ledger.
"""

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Max, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from ledger.admin.base import ServiceAdmin, mode_filter
from ledger.admin.client_forms import ClientForm
from ledger.admin.key_words import NEVER, key_name, key_state, key_warnings, last_use
from ledger.admin.words import badge, moment
from ledger.services.clients import client_save, client_secret_issue
from sentinel.api.models import ApiKey, GatewayClient


class KeyInline(admin.TabularInline[ApiKey, GatewayClient]):
    """The client's keys, to look at."""

    model = ApiKey
    extra = 0
    fields = ("key", "name", "created_at", "used", "expires_at", "state")
    readonly_fields = fields
    verbose_name_plural = "API keys"

    def get_queryset(self, request: HttpRequest) -> QuerySet[ApiKey]:
        return super().get_queryset(request).select_related("client", "replacement")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @admin.display(description="begins with")
    def key(self, key: ApiKey) -> SafeString:
        return format_html('<a href="{}">{}</a>', reverse("admin:api_apikey_change", args=[key.pk]), key_name(key))

    @admin.display(description="last used")
    def used(self, key: ApiKey) -> SafeString | str:
        return last_use(key)

    @admin.display
    def state(self, key: ApiKey) -> SafeString:
        return badge(key_state(key))


@admin.register(GatewayClient)
class GatewayClientAdmin(ServiceAdmin):
    form = ClientForm
    list_display = ("name", "mode", "active", "used", "calls_from", "rate_", "accounts", "may", "created_at")
    list_filter = (mode_filter(), "is_active")
    search_fields = ("name__icontains",)
    inlines = (KeyInline,)
    change_form_template = "admin/ledger/client.html"

    def get_fieldsets(self, request: HttpRequest, obj: GatewayClient | None = None) -> Any:
        access = ("all_accounts", "grants") if obj else ("all_accounts",)
        mode, standing = ("mode", ("has_secret", "created_at")) if obj else ("livemode", ())
        return (
            (None, {"fields": ("name", mode, "is_active", "rate", *standing)}),
            ("Networks", {"fields": ("allowed_networks",)}),
            ("Accounts", {"fields": access}),
            ("Scopes", {"fields": ("scopes",)}),
        )

    def get_readonly_fields(self, request: HttpRequest, obj: GatewayClient | None = None) -> tuple[str, ...]:
        return ("mode", "has_secret", "created_at", "grants") if obj else ()

    def get_inlines(self, request: HttpRequest, obj: GatewayClient | None) -> Any:
        return self.inlines if obj else ()

    def has_delete_permission(self, request: HttpRequest, obj: GatewayClient | None = None) -> bool:
        """Its transactions name it for ever; what is no longer used is switched off."""
        return False

    def has_issue_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("api.add_apikey")

    def save_model(self, request: HttpRequest, obj: GatewayClient, form: Any, change: bool) -> None:
        client_save(client=obj, changed=form.told(), actor=request.user.get_username(), now=timezone.now())

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        client = self.get_object(request, object_id)
        context = {
            "title": str(client),
            "subtitle": None,
            "may_issue": self.has_issue_permission(request),
            "warnings": self._warnings(request, client) if client else (),
        }
        return super().change_view(request, object_id, form_url, context)

    def _warnings(self, request: HttpRequest, client: GatewayClient) -> list[SafeString]:
        if not request.user.has_perm("api.view_apikey"):
            return []
        return key_warnings(client.api_keys.select_related("client", "replacement"), timezone.now())

    def audit_subject(self, object_id: str) -> str:
        return str(get_object_or_404(GatewayClient, pk=object_id))

    def get_urls(self) -> list[Any]:
        secret = self.admin_site.admin_view(self.secret_view)
        return [path("<uuid:client_id>/secret/", secret, name="api_gatewayclient_secret"), *super().get_urls()]

    def secret_view(self, request: HttpRequest, client_id: Any) -> HttpResponse:
        """Asks first, since the secret in use stops working; then shows the new one, once."""
        if not self.has_issue_permission(request):
            raise PermissionDenied
        client = get_object_or_404(GatewayClient, pk=client_id)
        secret = None
        if request.method == "POST":
            secret = client_secret_issue(client=client, actor=request.user.get_username(), now=timezone.now())
        context = {
            **self.admin_site.each_context(request),
            "title": "New client secret",
            "client": client,
            "secret": secret,
            "secret_label": "Client secret",
            "back_url": reverse("admin:api_gatewayclient_change", args=[client.pk]),
        }
        template = "admin/ledger/shown_once.html" if secret else "admin/ledger/new_secret.html"
        return TemplateResponse(request, template, context)

    @admin.display(description="mode", ordering="livemode")
    def mode(self, client: GatewayClient) -> SafeString:
        return badge("live" if client.livemode else "test")

    @admin.display(description="state", ordering="is_active")
    def active(self, client: GatewayClient) -> SafeString:
        return badge("active" if client.is_active else "switched_off")

    def get_queryset(self, request: HttpRequest) -> QuerySet[GatewayClient]:
        clients: QuerySet[GatewayClient] = super().get_queryset(request)
        return clients.annotate(used_at=Max("api_keys__last_used_at"))

    @admin.display(description="key last used", ordering="used_at")
    def used(self, client: Any) -> SafeString | str:
        return moment(client.used_at) if client.used_at else NEVER

    @admin.display(description="calls from")
    def calls_from(self, client: GatewayClient) -> str:
        count = len(client.allowed_networks)
        return f"{count} network{'' if count == 1 else 's'}" if count else "anywhere"

    @admin.display(description="rate")
    def rate_(self, client: GatewayClient) -> str:
        return client.rate or "default"

    @admin.display
    def accounts(self, client: GatewayClient) -> str:
        return "all" if client.all_accounts else "granted ones"

    @admin.display
    def may(self, client: GatewayClient) -> str:
        return f"{len(client.scopes)} scope{'' if len(client.scopes) == 1 else 's'}"

    @admin.display(description="client secret", boolean=True)
    def has_secret(self, client: GatewayClient) -> bool:
        return bool(client.secret_digest)

    @admin.display(description="granted accounts")
    def grants(self, client: GatewayClient) -> SafeString:
        shown, added = (reverse(f"admin:ledger_accountgrant_{page}") for page in ("changelist", "add"))
        return format_html(
            '<a href="{}?client__id__exact={}">Show</a> · <a href="{}?client={}">Grant an account</a>',
            shown,
            client.pk,
            added,
            client.pk,
        )
