"""The page between an action and what it does: says what will happen, asks for a note, then does it one by one."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils.safestring import SafeString

from ledger.admin.card_numbers import NoCardNumbers
from sentinel.core.errors import SentinelError

TOGETHER_MAX = 50  # as many as a page of a list


class NoteForm(NoCardNumbers, forms.Form):
    note = forms.CharField(
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3, "autofocus": True}),
        help_text="Why. It is kept with the audit and cannot be changed later.",
    )


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do: what is shown of it, and what does it with the note. `act` may raise a SentinelError."""

    name: str
    columns: Sequence[SafeString | str]
    act: Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Question:
    title: str
    explanation: str
    headings: Sequence[str]
    button: str
    done: str  # "Approved"
    back_url: str
    is_dangerous: bool = False


def confirm(request: HttpRequest, question: Question, steps: Iterable[Step]) -> HttpResponse:
    """The question, until it is answered with a note; then every step, each with a message of its own on refusal."""
    found = list(steps)
    form = NoteForm(request.POST if request.method == "POST" else None)
    if found and form.is_valid():
        _act(request, question, found, form.cleaned_data["note"])
        return HttpResponseRedirect(question.back_url)
    context: dict[str, Any] = {
        **admin.site.each_context(request),
        "title": question.title,
        "question": question,
        "steps": found,
        "form": form,
    }
    return TemplateResponse(request, "admin/confirm.html", context)


def _act(request: HttpRequest, question: Question, steps: Sequence[Step], note: str) -> None:
    done = []
    for step in steps:
        try:
            step.act(note)
        except SentinelError as error:
            messages.error(request, f"{step.name} was left as it is: {error.detail}")
        else:
            done.append(step.name)
    if done:
        messages.success(request, f"{question.done}: {', '.join(done)}.")
