"""What was written to whom, and whether it arrived at the mail server."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from ledger.admin.base import ReadOnlyAdmin, RecordedFilter, choice_filter
from ledger.admin.words import NOTHING, badge, moment, zoned
from ledger.models import BankEvent
from webhooks.models import Notification
from webhooks.models.alerts import NotificationState


@admin.register(Notification)
class NotificationAdmin(ReadOnlyAdmin):
    list_display = ("title", "person", "state_", "occurrences", "made", "sent")
    list_filter = (RecordedFilter, choice_filter("state", "state", dict(NotificationState.choices)))
    list_select_related = ("subscription__user",)
    sortable_by = ()
    search_fields = ("subject__exact",)
    search_help_text = "A whole subject."
    fields = (
        *("title", "person", "what", "reported", "subject", "occurrences", "state_"),
        *("attempts_made", "last_error", "made", "sent", "subscription_"),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Notification]:
        found = Notification.objects.select_related("subscription__user")
        return found if sees_all(request) else found.filter(subscription__user=request.user.pk)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_staff)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return obj is None or obj.subscription.user_id == request.user.pk or sees_all(request)

    @admin.display(description="to")
    def person(self, notification: Notification) -> str:
        return notification.subscription.user.get_username()

    @admin.display(description="state")
    def state_(self, notification: Notification) -> SafeString:
        return badge(notification.state)

    @admin.display(description=zoned("since"))
    def made(self, notification: Notification) -> SafeString:
        return moment(notification.created_at)

    @admin.display(description=zoned("sent"))
    def sent(self, notification: Notification) -> SafeString:
        return moment(notification.sent_at) if notification.sent_at else SafeString(NOTHING)

    @admin.display(description="it said")
    def what(self, notification: Notification) -> str:
        rows = [f"{label}: {value}" for label, value in notification.facts.get("rows", [])]
        return "; ".join([*filter(None, [notification.facts.get("words", "")]), *rows]) or NOTHING

    @admin.display(description="the client's words")
    def reported(self, notification: Notification) -> SafeString:
        """They stand in no mail: nobody knows what they hold."""
        event = BankEvent.objects.filter(pk=notification.event_id).first()
        if event is None or not notification.facts.get("reported"):
            return SafeString(NOTHING)
        client, words = event.payload.get("client", ""), event.payload.get("words", "")
        if "transaction_id" not in event.payload:
            return format_html("{}: {}", client, words)
        payment = reverse("admin:ledger_transaction_changelist") + f"?q={event.payload['transaction_id']}"
        return format_html('{}: {} <a href="{}">The payment</a>', client, words, payment)

    @admin.display(description="because of")
    def subscription_(self, notification: Notification) -> SafeString:
        url = reverse("admin:webhooks_alertsubscription_change", args=[notification.subscription_id])
        return format_html('<a href="{}">{}</a>', url, notification.subscription.get_about_display())


def sees_all(request: HttpRequest) -> bool:
    return request.user.has_perm("webhooks.view_notification")
