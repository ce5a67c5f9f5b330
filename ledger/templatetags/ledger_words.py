"""The words of ledger.admin.words for templates."""

from datetime import datetime
from typing import Any

from django import template
from django.utils.safestring import SafeString

from ledger.admin import words

register = template.Library()

register.filter("badge", words.badge)
register.filter("money_text", words.money_text)
register.filter("spaced", words.spaced)
register.filter("audit_words", words.audit_words)
register.filter("moment", words.moment)
register.filter("due", words.due)
register.filter("account_link", words.account_link)
register.filter("transaction_link", words.transaction_link)
register.filter("reason_codes", words.reason_codes)
register.simple_tag(words.zone_words)


@register.filter
def money(minor: int | None, currency: str) -> SafeString:
    """{{ posting.debit_minor|money:posting.currency }}; nothing at all for zero, as in a ledger's columns."""
    return words.money(minor, currency)


@register.filter
def leg(minor: int, currency: str) -> SafeString | str:
    """One column of a posting: empty when the amount is on the other side."""
    return words.money(minor, currency) if minor else ""


@register.filter
def thousands(count: int) -> str:
    """{{ payments|thousands }}: 11,361"""
    return f"{count:,}"


@register.filter
def ago(value: datetime, now: Any) -> str:
    """{{ reviews.oldest|ago:now }}"""
    return words.duration((now - value).total_seconds())
