"""The documentation pages: Swagger UI from our own static files, and the list of problem codes."""

import inspect
from itertools import groupby
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from drf_spectacular.views import SpectacularSwaggerSplitView
from rest_framework.renderers import JSONRenderer, TemplateHTMLRenderer

from sentinel.core.errors import SentinelError


class DocsView(SpectacularSwaggerSplitView):
    """Swagger UI with its script in a file of its own, as the Content-Security-Policy demands."""

    renderer_classes = [TemplateHTMLRenderer, JSONRenderer]


def problem_list(request: HttpRequest) -> HttpResponse:
    """Every `code` a refusal may carry; the `type` of a problem points here."""
    kinds = sorted(_all(SentinelError), key=lambda kind: (kind.code, kind.http_status))
    problems = [
        {"code": code, "answers": [_described(kind) for kind in of_code]}
        for code, of_code in groupby(kinds, key=lambda kind: kind.code)
    ]
    return render(request, "api/problems.html", {"problems": problems})


def _described(kind: type[SentinelError]) -> dict[str, Any]:
    return {
        "http_status": kind.http_status,
        "title": kind.title,
        "words": inspect.cleandoc(kind.__doc__ or ""),
    }


def _all(kind: type[SentinelError]) -> list[type[SentinelError]]:
    found = [kind] if kind is not SentinelError else []
    for child in kind.__subclasses__():
        found += _all(child)
    return found
