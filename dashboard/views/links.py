"""Numbers lead to the list of what they count."""

from datetime import datetime, timedelta
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from dashboard.admin.decisions import decisions_url
from dashboard.domain.periods import Period
from dashboard.selectors.rolled import Filters


def linked(words: str, url: str, quiet: str = "") -> SafeString:
    """A number as a link, with what stands small beneath it."""
    link = format_html('<a href="{}">{}</a>', url, words)
    return format_html('{} <span class="quiet">{}</span>', link, quiet) if quiet else link


def narrowing(filters: Filters) -> dict[str, str]:
    """What addresses of the lists say of filters."""
    return {
        **({"currency": filters.currency} if filters.currency else {}),
        **({} if filters.livemode else {"mode": "test"}),
        **({filters.topic: filters.key} if filters.is_narrowed else {}),
    }


def queue_links(filters: Filters) -> dict[str, str]:
    """Addresses of the queue's lists. It knows currencies and modes, and neither channels nor categories."""
    told = {name: value for name, value in narrowing(filters).items() if name in ("currency", "mode")}
    lists: dict[str, dict[str, str]] = {
        "all": {},
        "overdue": {"overdue": "yes"},
        "escalated": {"tab": "escalated"},
        "snoozed": {"tab": "snoozed"},
    }
    queue = reverse("admin:queue")
    queries = {name: urlencode({**wanted, **told}) for name, wanted in lists.items()}
    return {name: f"{queue}?{query}" if query else queue for name, query in queries.items()}


class Links:
    """Addresses of the lists behind the numbers of one period."""

    def __init__(self, period: Period, filters: Filters) -> None:
        self._list = decisions_url(period)
        self._list_now = decisions_url(None)
        self._period = period
        self._parts: dict[datetime, str] = {}  # the address of each hour or day, asked for by many numbers
        self._always = {"direction": "out", **narrowing(filters)}

    def __call__(self, **narrowed: str) -> str:
        return f"{self._list}&{urlencode({**self._always, **narrowed})}"

    def within(self, start: datetime, step: timedelta, **narrowed: str) -> str:
        """Of one hour or day, as far as it lies in the period."""
        if start not in self._parts:
            part = Period(max(start, self._period.start), min(start + step, self._period.end))
            self._parts[start] = decisions_url(part)
        return f"{self._parts[start]}&{urlencode({**self._always, **narrowed})}"

    def now(self, **narrowed: str) -> str:
        """Whatever the period."""
        return f"{self._list_now}{urlencode({**self._always, **narrowed})}"
