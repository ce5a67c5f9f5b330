"""The record behind the pages: entries with their postings, events, and the audit. All read-only."""

from typing import Any

import orjson
from django.contrib import admin
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.html import format_html
from django.utils.safestring import SafeString

from ledger.admin.base import ReadOnlyAdmin, RecordedFilter, choice_filter
from ledger.admin.transactions import transaction_id_in
from ledger.admin.words import account_link, code, moment, transaction_link
from ledger.models import AuditEntry, Entry, Event, OutboxPending, Posting
from sentinel.core.ids import parse_public_id, public_id

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
        if (transaction_id := transaction_id_in(text)) is not None:
            return queryset.filter(transaction_id=transaction_id), False
        return queryset.filter(account_id=text) if text else queryset, False

    @admin.display(description="recorded (UTC)")
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
        return queryset.filter(transaction_id=transaction_id_in(text)) if text else queryset, False

    @admin.display(description="event")
    def event_id(self, event: Event) -> SafeString:
        return code(public_id("evt", event.pk))

    @admin.display(description="recorded (UTC)")
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


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnlyAdmin):
    list_display = ("recorded", "actor", "action", "subject_", "said")
    list_filter = (RecordedFilter,)
    search_fields = ("subject__exact", "actor__exact", "action__startswith")
    search_help_text = "A subject such as txn_… or an account, a person, or how an action begins."
    sortable_by = ()
    fields = ("recorded", "actor", "action", "subject_", "content")
    readonly_fields = fields

    @admin.display(description="recorded (UTC)")
    def recorded(self, entry: AuditEntry) -> SafeString:
        return moment(entry.recorded_at)

    @admin.display(description="subject")
    def subject_(self, entry: AuditEntry) -> SafeString:
        transaction_id = parse_public_id("txn", entry.subject)
        return transaction_link(transaction_id) if transaction_id else code(entry.subject)

    @admin.display(description="details")
    def said(self, entry: AuditEntry) -> str:
        """The details on one line."""
        return short(entry.details)

    @admin.display(description="details")
    def content(self, entry: AuditEntry) -> SafeString:
        return indented(entry.details)


def indented(value: Any) -> SafeString:
    return format_html('<pre class="json">{}</pre>', orjson.dumps(value, option=orjson.OPT_INDENT_2).decode())


def short(details: dict[str, Any]) -> str:
    text = ", ".join(f"{name}: {value}" for name, value in details.items() if value not in ("", None, "None"))
    return text if len(text) <= 90 else f"{text[:89]}…"
