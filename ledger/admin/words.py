"""Values as people read them on a page: money, moments, states. No queries."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import lazy
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.text import format_lazy

from sentinel.core.catalogue import Field, FieldType, Value
from sentinel.core.countries import COUNTRIES
from sentinel.core.ids import public_id
from sentinel.core.money import format_amount, format_money, parse_amount

NOTHING = "-"
_REASONS_SHOWN = 2
_UTC_NAMES = ("UTC", "UCT", "Universal", "Zulu")


def money(minor: int | None, currency: str) -> SafeString:
    """An amount with all its decimals, as tables line it up: 5,400.00 INR."""
    if minor is None:
        return SafeString(NOTHING)
    whole, point, fraction = format_amount(abs(minor), currency).partition(".")
    text = f"{'-' if minor < 0 else ''}{int(whole):,}{point}{fraction}"
    return format_html('<span class="money">{}&nbsp;<small>{}</small></span>', text, currency)


def money_text(amount: str, currency: str) -> SafeString:
    """The decimal string of a receipt as money."""
    return money(parse_amount(amount, currency), currency)


def badge(word: str | None) -> SafeString:
    """A state in a coloured pill; the word says all that the colour says."""
    if not word:
        return SafeString(NOTHING)
    return format_html('<span class="badge {}">{}</span>', word.replace("_", "-").replace(" ", "-"), spaced(word))


def code(text: str | None) -> SafeString:
    return format_html("<code>{}</code>", text) if text else SafeString(NOTHING)


def moment(value: datetime) -> SafeString:
    """A moment to the second in the viewer's zone, on one line; in UTC for whoever points at it."""
    utc = value.astimezone(UTC)
    return format_html(
        '<time datetime="{}" title="{} UTC">{}</time>', utc.isoformat(), clock(utc), clock(timezone.localtime(value))
    )


def clock(value: datetime) -> str:
    return f"{value:%-d %b %Y %H:%M:%S}"


def zone_words() -> str:
    """The zone that moments are shown in: "UTC", "Kolkata time". Headings and sentences say it."""
    place = timezone.get_current_timezone_name().rpartition("/")[2]
    if place in _UTC_NAMES:
        return "UTC"
    return f"UTC{place}" if place.startswith(("+", "-")) else f"{place.replace('_', ' ')} time"


# For words that are written down before anybody looks: headings, labels and help texts.
viewers_zone = lazy(zone_words, str)()


def zoned(words: str) -> Any:
    """A heading with the viewer's zone: "recorded (UTC)"."""
    return format_lazy("{} ({})", words, viewers_zone)


def due(expires_at: datetime) -> SafeString:
    """How long until then, in a word or two; marked when less than a day is left."""
    left = expires_at - timezone.now()
    if left <= timedelta(0):
        return format_html('<span class="late">overdue by {}</span>', duration(-left.total_seconds()))
    mark = "soon" if left < timedelta(days=1) else "calm"
    return format_html('<span class="{}">{}</span>', mark, duration(left.total_seconds()))


def duration(seconds: float) -> str:
    """The two largest parts: "6 d 23 h", "3 h 5 min", "12 s"."""
    units = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))
    rest = int(seconds)
    parts: list[str] = []
    for name, size in units:
        count, rest = divmod(rest, size)
        if count or parts:
            parts.append(f"{count} {name}")
    return " ".join([part for part in parts[:2] if not part.startswith("0 ")]) or "under 1 s"


def share(value: float | None) -> str:
    """A score from 0 to 1 as it is stored, with four decimals."""
    return NOTHING if value is None else f"{value:.4f}"


def transaction_link(transaction_id: UUID) -> SafeString:
    url = reverse("admin:ledger_transaction_change", args=[transaction_id])
    return format_html('<a class="id" href="{}">{}</a>', url, public_id("txn", transaction_id))


def account_link(account_id: str) -> SafeString:
    url = reverse("admin:ledger_account_change", args=[account_id])
    return format_html('<a class="id" href="{}">{}</a>', url, account_id)


def spaced(word: str) -> str:
    """A name of the API as people write it: top up."""
    return word.replace("_", " ")


def audit_words(action: str) -> str:
    """An action of the audit without its subject: "rule.asked_to_publish" is "asked to publish"."""
    return spaced(action.partition(".")[2] or action)


def short_id(transaction_id: UUID) -> SafeString:
    """The end of a transaction's name, which differs even among neighbours; the whole for whoever points at it."""
    name = public_id("txn", transaction_id)
    return format_html('<code title="{}">txn_…{}</code>', name, name[-8:])


def reason_codes(reasons: list[dict[str, Any]]) -> SafeString:
    """The first two codes, with their words for whoever points at them, and how many more there are."""
    if not reasons:
        return SafeString(NOTHING)
    shown = ((reason["words"], reason["code"]) for reason in reasons[:_REASONS_SHOWN])
    codes = format_html_join(" ", '<span class="reason" title="{}">{}</span>', shown)
    rest = reasons[_REASONS_SHOWN:]
    if not rest:
        return codes
    return format_html(
        '{} <span class="quiet" title="{}">+{}</span>', codes, "; ".join(r["words"] for r in rest), len(rest)
    )


def feature_words(field: Field, value: Value, currency: str) -> str:
    """A value of the feature snapshot with its unit; why there is none where it is missing."""
    if value is None:
        return f"missing: {field.missing}" if field.missing else "missing"
    match field.type:
        case FieldType.MONEY:
            return format_money(int(value), currency)
        case FieldType.FLAG:
            return "yes" if value else "no"
        case FieldType.COUNTRY:
            return COUNTRIES.get(str(value), str(value))
        case FieldType.NUMBER if field.unit == "seconds":
            return duration(float(value))
        case FieldType.NUMBER:
            return f"{_plain(float(value))} {field.unit}".strip()
        case FieldType.WHOLE if "to" not in field.unit:
            return f"{value:,} {field.unit}".strip()
    return str(value)


def _plain(number: float) -> str:
    text = f"{number:,.2f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def indented(value: Any) -> SafeString:
    return format_html('<pre class="json">{}</pre>', orjson.dumps(value, option=orjson.OPT_INDENT_2).decode())


def short(details: dict[str, Any]) -> str:
    text = ", ".join(f"{name}: {value}" for name, value in details.items() if value not in ("", None, "None"))
    return text if len(text) <= 90 else f"{text[:89]}…"
