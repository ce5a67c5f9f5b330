"""The record behind the pages: entries with their postings, and events. All read-only."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from ledger.admin.base import ReadOnlyAdmin, RecordedFilter, choice_filter
from ledger.admin.words import account_link, code, indented, moment, transaction_link, zoned
from ledger.models import Entry, Event, OutboxPending, Posting
from sentinel.core.ids import parse_public_id, public_id, uuid_in

EVENT_TYPES = (
    "transaction.approved",
    "transaction.review_opened",
    "transaction.declined",
    "transaction.review_resolved",
    "transaction.expired",
    "transaction.voided",
    "transaction.reversed",
)


@admin.register(Entry)
class EntryAdmin(ReadOnlyAdmin):
    list_display = ("recorded", "name", "kind", "account_", "transaction_")
    list_filter = (RecordedFilter, choice_filter("kind", "kind", dict(Entry.Kind.choices)))
    search_fields = ("id",)
    search_help_text = "A whole ent_… id, txn_… id, or account id."
    ordering = ("-id",)
    sortable_by = ()
    fields = ("name", "kind", "account_", "transaction_", "recorded", "postings")
    readonly_fields = fields

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        text = search_term.strip()
        if (entry_id := parse_public_id("ent", text)) is not None:
            return queryset.filter(pk=entry_id), False
        if (transaction_id := uuid_in("txn", text)) is not None:
            return queryset.filter(transaction_id=transaction_id), False
        return queryset.filter(account_id=text) if text else queryset, False

    @admin.display(description=zoned("recorded"))
    def recorded(self, entry: Entry) -> SafeString:
        return moment(entry.recorded_at)

    @admin.display(description="entry")
    def name(self, entry: Entry) -> SafeString:
        return code(public_id("ent", entry.pk))

    @admin.display(description="account")
    def account_(self, entry: Entry) -> SafeString:
        return account_link(entry.account_id)

    @admin.display(description="transaction")
    def transaction_(self, entry: Entry) -> SafeString | None:
        return transaction_link(entry.transaction_id) if entry.transaction_id else None

    @admin.display
    def postings(self, entry: Entry) -> SafeString:
        legs = Posting.objects.filter(entry_id=entry.pk, account_id=entry.account_id).order_by("leg")
        return render_to_string("admin/ledger/postings.html", {"postings": legs})


@admin.register(Event)
class EventAdmin(ReadOnlyAdmin):
    list_display = ("recorded", "type", "transaction_", "account_", "sequence")
    list_filter = (RecordedFilter, choice_filter("type", "type", {name: name for name in EVENT_TYPES}))
    search_fields = ("id",)
    search_help_text = "A whole txn_… id."
    ordering = ("-id",)
    sortable_by = ()
    fields = (
        "event_id",
        "type",
        "sequence",
        "transaction_",
        "account_",
        "client",
        "recorded",
        "handed_over",
        "content",
    )
    readonly_fields = fields

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        text = search_term.strip()
        return queryset.filter(transaction_id=uuid_in("txn", text)) if text else queryset, False

    @admin.display(description="event")
    def event_id(self, event: Event) -> SafeString:
        return code(public_id("evt", event.pk))

    @admin.display(description=zoned("recorded"))
    def recorded(self, event: Event) -> SafeString:
        return moment(event.recorded_at)

    @admin.display(description="transaction")
    def transaction_(self, event: Event) -> SafeString:
        return transaction_link(event.transaction_id)

    @admin.display(description="account")
    def account_(self, event: Event) -> SafeString:
        return account_link(event.account_id)

    @admin.display(description="handed to its endpoints")
    def handed_over(self, event: Event) -> str:
        return "not yet" if OutboxPending.objects.filter(pk=event.pk).exists() else "yes"

    @admin.display
    def content(self, event: Event) -> SafeString:
        return indented(event.payload)
