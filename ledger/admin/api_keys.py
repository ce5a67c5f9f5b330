"""API keys: made, shown once, revoked. A key is shown on the page that answers the form, and kept nowhere else."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString

from ledger.admin.base import ReadOnlyAdmin, mode_filter
from ledger.admin.client_forms import ApiKeyForm
from ledger.admin.words import badge, code
from ledger.services.clients import client_key_issue, client_key_revoke
from sentinel.api.directory import DIRECTORY_TTL_SECONDS
from sentinel.api.models import ApiKey


@admin.register(ApiKey)
class ApiKeyAdmin(ReadOnlyAdmin):
    form = ApiKeyForm
    list_display = ("key", "client", "name", "created_at", "expires_at", "state")
    list_select_related = ("client",)
    list_filter = (("revoked_at", admin.EmptyFieldListFilter), mode_filter("client__livemode"))
    search_fields = ("prefix__exact", "client__name__icontains")
    search_help_text = "The eight characters after sk_live_ or sk_test_, or part of a client's name."
    actions = ("revoke",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("api.add_apikey")

    def has_revoke_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("api.change_apikey")

    def get_fieldsets(self, request: HttpRequest, obj: ApiKey | None = None) -> Any:
        shown = ("key", "client", "name", "created_at", "expires_at", "revoked_at", "state")
        return ((None, {"fields": shown if obj else ("client", "name", "expires_at")}),)

    def get_readonly_fields(self, request: HttpRequest, obj: ApiKey | None = None) -> tuple[str, ...]:
        return ("key", "created_at", "revoked_at", "state") if obj else ()

    def save_model(self, request: HttpRequest, obj: ApiKey, form: Any, change: bool) -> None:
        made, text = client_key_issue(
            client=obj.client,
            name=obj.name,
            expires_at=obj.expires_at,
            actor=request.user.get_username(),
            now=timezone.now(),
        )
        obj.pk, obj.prefix = made.pk, made.prefix
        obj.shown_once = text  # type: ignore[attr-defined]  # handed to response_add, and to nobody else

    def response_add(self, request: HttpRequest, obj: ApiKey, post_url_continue: str | None = None) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "title": "New API key",
            "client": obj.client,
            "secret": obj.shown_once,  # type: ignore[attr-defined]
            "secret_label": "API key",
            "back_url": reverse("admin:api_gatewayclient_change", args=[obj.client_id]),
        }
        return TemplateResponse(request, "admin/ledger/shown_once.html", context)

    @admin.action(description="Revoke selected keys", permissions=["revoke"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[ApiKey]) -> None:
        actor, now = request.user.get_username(), timezone.now()
        revoked = [
            str(key) for key in queryset.select_related("client") if client_key_revoke(key=key, actor=actor, now=now)
        ]
        if revoked:
            seconds = f"{DIRECTORY_TTL_SECONDS:.0f} seconds"
            self.message_user(request, f"Revoked: {', '.join(revoked)}. Every process refuses them within {seconds}.")
        else:
            self.message_user(request, "Every selected key was revoked before.", messages.INFO)

    @admin.display(description="begins with")
    def key(self, key: ApiKey) -> SafeString:
        return key_name(key)

    @admin.display
    def state(self, key: ApiKey) -> SafeString:
        return badge(key_state(key))


def key_name(key: ApiKey) -> SafeString:
    mode = "live" if key.client.livemode else "test"
    return code(f"sk_{mode}_{key.prefix}…")


def key_state(key: ApiKey) -> str:
    if key.revoked_at is not None:
        return "revoked"
    return "expired" if key.expires_at and key.expires_at <= timezone.now() else "active"
