"""Personal details in full: for a reason, kept in the audit, and for the next look at that page only."""

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.utils import timezone

from ledger.admin.card_numbers import NoCardNumbers
from ledger.services.revealing import REASONS, reveal_record

_REVEALED = "revealed"


class RevealForm(NoCardNumbers, forms.Form):
    reason = forms.ChoiceField(choices=[("", "Choose a reason"), *REASONS.items()])
    words = forms.CharField(label="Which case or request", max_length=200)


def may_reveal(request: HttpRequest) -> bool:
    return request.user.has_perm("ledger.reveal_personaldetail")


def reveal(request: HttpRequest, *, subject: str, back_url: str) -> HttpResponse:
    """POST with a reason. Without a good one nothing is shown and nothing recorded."""
    if not may_reveal(request):
        raise PermissionDenied
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    form = RevealForm(request.POST)
    if form.is_valid():
        told = form.cleaned_data
        actor = request.user.get_username()
        reveal_record(subject=subject, actor=actor, reason=told["reason"], words=told["words"], now=timezone.now())
        request.session[_REVEALED] = subject
    else:
        messages.error(request, "Nothing is shown without a reason and the words to it, in which no card number is.")
    return HttpResponseRedirect(back_url)


def revealing(request: HttpRequest, subject: str) -> dict[str, Any]:
    """For the template of the page: whether this view shows all, which the next does not, and the form."""
    is_revealed = request.session.get(_REVEALED) == subject and may_reveal(request)
    if is_revealed:
        del request.session[_REVEALED]
    return {
        "is_revealed": is_revealed,
        "reveal_form": None if is_revealed or not may_reveal(request) else RevealForm(),
    }
