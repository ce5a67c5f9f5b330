"""Numbers lead to the list of what they count."""

from urllib.parse import urlencode

from django.utils.html import format_html
from django.utils.safestring import SafeString

from dashboard.admin.decisions import decisions_url
from dashboard.domain.periods import Period
from dashboard.selectors.rolled import Filters


def linked(words: str, url: str, quiet: str = "") -> SafeString:
    """A number as a link, with what stands small beneath it."""
    link = format_html('<a href="{}">{}</a>', url, words)
    return format_html('{} <span class="quiet">{}</span>', link, quiet) if quiet else link


class Links:
    """Addresses of the lists behind the numbers of one period."""

    def __init__(self, period: Period, filters: Filters) -> None:
        self._list = decisions_url(period)
        self._list_now = decisions_url(None)
        self._always = {"direction": "out", **({"currency": filters.currency} if filters.currency else {})}

    def __call__(self, **narrowed: str) -> str:
        return f"{self._list}&{urlencode({**self._always, **narrowed})}"

    def now(self, **narrowed: str) -> str:
        """Whatever the period."""
        return f"{self._list_now}{urlencode({**self._always, **narrowed})}"
