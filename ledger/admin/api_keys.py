"""API keys: made, rotated, revoked. A key is shown on the page that answers the form, and kept nowhere else."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from ledger.admin.base import ReadOnlyAdmin, mode_filter
from ledger.admin.client_forms import ApiKeyForm, RotateForm
from ledger.admin.key_words import NEVER, key_name, key_state, key_warnings, last_use
from ledger.admin.words import NOTHING, badge, moment
from ledger.services.api_keys import client_key_issue, client_key_revoke, client_key_rotate
from sentinel.api.directory import DIRECTORY_TTL_SECONDS
from sentinel.api.models import ApiKey
from sentinel.core.errors import Conflict


@admin.register(ApiKey)
class ApiKeyAdmin(ReadOnlyAdmin):
    form = ApiKeyForm
    list_display = ("key", "client", "name", "created_at", "used", "expires_at", "state")
    list_select_related = ("client", "replacement")
    list_filter = (("revoked_at", admin.EmptyFieldListFilter), mode_filter("client__livemode"))
    search_fields = ("prefix__exact", "client__name__icontains")
    search_help_text = "The eight characters after sk_live_ or sk_test_, or part of a client's name."
    actions = ("revoke",)
    change_form_template = "admin/ledger/apikey/page.html"

    def has_add_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("api.add_apikey")

    def has_revoke_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("api.change_apikey")

    def has_rotate_permission(self, request: HttpRequest) -> bool:
        """It makes a key, and puts an end to one."""
        return self.has_add_permission(request) and self.has_revoke_permission(request)

    def get_fieldsets(self, request: HttpRequest, obj: ApiKey | None = None) -> Any:
        if obj is None:
            return ((None, {"fields": ("client", "name", "expires_at")}),)
        ends = ("ends", "revoked_at") if obj.revoked_at else ("ends",)
        chain = ("took_place_of", "replaced_by")
        return (
            (None, {"fields": ("key", "client", "named", "state")}),
            ("Its life", {"fields": ("created_at", "used", *ends, *chain)}),
        )

    def get_readonly_fields(self, request: HttpRequest, obj: ApiKey | None = None) -> tuple[str, ...]:
        if obj is None:
            return ()
        return ("key", "named", "created_at", "used", "ends", "revoked_at", "state", "took_place_of", "replaced_by")

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
        return self._show_once(request, obj, obj.shown_once, "New API key")  # type: ignore[attr-defined]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        key = self.get_object(request, object_id)
        context = {
            "title": f"API key {key}",
            "subtitle": None,
            "warnings": key_warnings([key], timezone.now()) if key else (),
            "may_rotate": self.has_rotate_permission(request) and key is not None and key_state(key) == "active",
        }
        return super().change_view(request, object_id, form_url, context)

    def get_urls(self) -> list[Any]:
        rotate = self.admin_site.admin_view(self.rotate_view)
        return [path("<int:key_id>/rotate/", rotate, name="api_apikey_rotate"), *super().get_urls()]

    def rotate_view(self, request: HttpRequest, key_id: int) -> HttpResponse:
        """Asks for how long the key in use works on; then shows the new one, once."""
        if not self.has_rotate_permission(request):
            raise PermissionDenied
        key = get_object_or_404(ApiKey.objects.select_related("client", "replacement"), pk=key_id)
        form = RotateForm(request.POST if request.method == "POST" else None)
        if form.is_valid():
            actor, now = request.user.get_username(), timezone.now()
            try:
                _, text = client_key_rotate(key=key, overlap=form.overlap(), actor=actor, now=now)
            except Conflict as error:
                messages.error(request, error.detail)
                return HttpResponseRedirect(reverse("admin:api_apikey_change", args=[key.pk]))
            key.refresh_from_db()
            return self._show_once(request, key, text, "New API key", replaced=key, now=now)
        context = {**self.admin_site.each_context(request), "title": f"Rotate {key}", "key": key, "form": form}
        return TemplateResponse(request, "admin/ledger/apikey/rotate.html", context)

    def _show_once(self, request: HttpRequest, key: ApiKey, text: str, title: str, **facts: Any) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "title": title,
            "client": key.client,
            "secret": text,
            "secret_label": "API key",
            "back_url": reverse("admin:api_gatewayclient_change", args=[key.client_id]),
            **facts,
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

    @admin.display(description="last used", ordering="last_used_at")
    def used(self, key: ApiKey) -> SafeString | str:
        return last_use(key)

    @admin.display(description="name")
    def named(self, key: ApiKey) -> str:
        return key.name or NOTHING

    @admin.display(description="expires at")
    def ends(self, key: ApiKey) -> SafeString | str:
        return moment(key.expires_at) if key.expires_at else NEVER

    @admin.display(description="took the place of")
    def took_place_of(self, key: ApiKey) -> SafeString | str:
        return _key_link(key.replaces) if key.replaces else NOTHING

    @admin.display(description="replaced by")
    def replaced_by(self, key: ApiKey) -> SafeString | str:
        if not hasattr(key, "replacement"):
            return NOTHING
        return format_html("{}, made {}", _key_link(key.replacement), moment(key.replacement.created_at))


def _key_link(key: ApiKey) -> SafeString:
    return format_html('<a href="{}">{}</a>', reverse("admin:api_apikey_change", args=[key.pk]), key_name(key))
