"""How long pages take through Django's whole stack, in this process, and how many queries each asks."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median, quantiles
from typing import Any

from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from sentinel.ops.console import Refusal

CALLS = 40
HEADINGS = ("page", "queries", "median ms", "p95 ms", "most ms")
_ASKED_FOR_QUERIES = 3
_ANSWERS = {200, 302}

Ask = Callable[[str], Any]  # an address; its answer has a status_code


@dataclass(frozen=True, slots=True)
class PageTimes:
    name: str
    queries: int
    median_ms: float
    p95_ms: float
    most_ms: float

    def row(self) -> tuple[str, ...]:
        times = (self.median_ms, self.p95_ms, self.most_ms)
        return self.name, str(self.queries), *(f"{each:.0f}" for each in times)


def superuser_client() -> Client:
    client = Client(headers={"host": "localhost"})
    client.force_login(User.objects.create_superuser("bench"))
    return client


def page_times(name: str, ask: Ask, urls: Sequence[str]) -> PageTimes:
    """Of the addresses in turn; the first calls warm up and count queries. Errors: Refusal for any other answer."""
    queries = 0
    for place in range(_ASKED_FOR_QUERIES):
        with CaptureQueriesContext(connection) as captured:
            _answered(ask, urls[place % len(urls)])
        queries = max(queries, len(captured))
    took = sorted(_milliseconds(ask, urls[place % len(urls)]) for place in range(CALLS))
    return PageTimes(name, queries, median(took), quantiles(took, n=20)[-1], took[-1])


def _milliseconds(ask: Ask, url: str) -> float:
    started = time.perf_counter()
    _answered(ask, url)
    return (time.perf_counter() - started) * 1000


def _answered(ask: Ask, url: str) -> None:
    answer = ask(url)
    if answer.status_code not in _ANSWERS:
        raise Refusal(f"{url} was answered {answer.status_code}.")
