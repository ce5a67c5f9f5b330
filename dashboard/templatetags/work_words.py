"""What every page of reviewers shows: the verdict that can still be taken back."""

from datetime import datetime
from math import ceil
from typing import Any

from django import template
from django.utils import timezone
from django.utils.safestring import SafeString

from dashboard.views.reviewing.words import due_words, verdicts_told
from ledger.selectors.verdicts import verdicts_undoable

register = template.Library()


@register.inclusion_tag("dashboard/reviewing/undo.html", takes_context=True)
def undo_bar(context: dict[str, Any]) -> dict[str, Any]:
    """Nothing when there is nothing to take back."""
    user, now = context["request"].user, timezone.now()
    given = verdicts_undoable(user=user, now=now)
    if not given:
        return {}
    return {
        "given": given,
        "words": verdicts_told(given),
        "ids": ",".join(each.pk.hex for each in given),
        "seconds_left": ceil((given[0].apply_at - now).total_seconds()),
        "csrf_token": context.get("csrf_token"),
    }


@register.filter
def due_in(due_at: datetime, now: datetime) -> SafeString:
    """{{ case.due_at|due_in:now }}"""
    return due_words(due_at, now)
