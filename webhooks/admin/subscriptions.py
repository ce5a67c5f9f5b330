"""My alerts: everybody looks after their own; whoever may view subscriptions sees those of all."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import get_object_or_404, redirect
from django.urls import path
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.text import capfirst

from ledger.admin.base import ServiceAdmin
from ledger.admin.words import badge, duration
from sentinel.core.errors import SentinelError
from webhooks.admin.subscription_form import WINDOWS, SubscriptionForm
from webhooks.domain.alert_rules import wish_words
from webhooks.models import AlertSubscription
from webhooks.selectors.alerts import thresholds_of
from webhooks.services.subscriptions import subscription_change, subscription_create, subscription_test

_MINE = (
    (None, {"fields": ("about",)}),
    (
        "Of payments only: all that you fill in must hold",
        {"fields": ("outcomes", ("amount_min", "currency"), "probability_min", "percentile_min", "rule")},
    ),
    ("How often", {"fields": ("window_minutes", "is_active")}),
)
_OF_OTHERS = ((None, {"fields": ("user", "wish", "at_most", "state")}),)


@admin.register(AlertSubscription)
class AlertSubscriptionAdmin(ServiceAdmin):
    form = SubscriptionForm
    list_display = ("wish", "at_most", "state")
    list_select_related = ("rule", "user")
    sortable_by = ()
    autocomplete_fields = ()
    change_list_template = "admin/webhooks/subscription/list.html"
    change_form_template = "admin/webhooks/subscription/page.html"

    def get_urls(self) -> list[Any]:
        test = self.admin_site.admin_view(self.test_view)
        return [path("<int:pk>/test/", test, name="webhooks_alertsubscription_test"), *super().get_urls()]

    def get_list_display(self, request: HttpRequest) -> Any:
        return ("wish", "user", "at_most", "state") if sees_all(request) else self.list_display

    def get_queryset(self, request: HttpRequest) -> QuerySet[AlertSubscription]:
        found = AlertSubscription.objects.select_related("user", "rule")
        return found if sees_all(request) else found.filter(user=request.user.pk)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_staff)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return obj is None or is_mine(request, obj) or sees_all(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return True

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return obj is None or is_mine(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """It is switched off: what was written because of it stays known."""
        return False

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        return _MINE if obj is None or is_mine(request, obj) else _OF_OTHERS

    def audit_subject(self, object_id: str) -> str:
        return f"subscription:{object_id}"

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        words = {"title": "Alerts of everybody" if sees_all(request) else "My alerts"}
        return super().changelist_view(request, {**(extra_context or {}), **words})

    def save_model(self, request: HttpRequest, obj: AlertSubscription, form: Any, change: bool) -> None:
        told = {"terms": form.terms, "actor": request.user.get_username(), "now": timezone.now()}
        if change:
            subscription_change(subscription=obj, **told)
        else:
            made = subscription_create(user=request.user, **told)  # type: ignore[arg-type]
            obj.pk, obj.user_id = made.pk, made.user_id

    def test_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        subscription = get_object_or_404(self.get_queryset(request), pk=pk)
        if not is_mine(request, subscription):
            raise PermissionDenied
        try:
            subscription_test(subscription=subscription, now=timezone.now())
        except SentinelError as error:
            messages.error(request, error.detail)
        else:
            where = "admin:webhooks_notification_changelist"
            messages.success(request, "A test mail is on its way. Notifications say what became of it.")
            return redirect(where)
        return redirect("admin:webhooks_alertsubscription_change", pk)

    @admin.display(description="write of")
    def wish(self, subscription: AlertSubscription) -> str:
        code = str(subscription.rule or "")
        return capfirst(wish_words(subscription.about, thresholds_of(subscription), code))

    @admin.display(description="at most one mail in")
    def at_most(self, subscription: AlertSubscription) -> str:
        minutes = subscription.window_minutes
        return WINDOWS.get(minutes) or duration(60 * minutes)

    @admin.display
    def state(self, subscription: AlertSubscription) -> SafeString:
        return badge("active" if subscription.is_active else "off")


def is_mine(request: HttpRequest, subscription: AlertSubscription) -> bool:
    return subscription.user_id == request.user.pk


def sees_all(request: HttpRequest) -> bool:
    return request.user.has_perm("webhooks.view_alertsubscription")
