"""What is done with a case besides deciding it."""

from collections.abc import Mapping
from datetime import datetime, time, timedelta
from uuid import UUID

from django import forms
from django.contrib import messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone

from dashboard.selectors.reviewers import reviewers
from dashboard.views.reviewing.acting import acts_on_case, go_on, ids_in, may_or_refuse
from ledger.admin.words import zone_words
from ledger.errors import CaseTaken
from ledger.services.cases.assigning import case_assign, cases_auto_assign
from ledger.services.cases.locking import case_lock, case_release
from ledger.services.cases.working import case_escalate, case_note_add, case_open, case_snooze
from sentinel.core.errors import FieldError, InvalidRequest

_MORNING = time(9)


def next_case(request: HttpRequest) -> HttpResponse:
    """Those in `passed` stay behind; the last of them, which one is leaving, is given back."""
    may_or_refuse(request, "ledger.work_case")
    if request.method != "POST":
        return redirect("admin:queue")
    passed = ids_in([request.POST.get("passed", "")])
    if passed:
        case_release(case_id=passed[-1], user=request.user)
    return go_on(request, livemode=_livemode(request), passed=passed, now=timezone.now())


def share_out(request: HttpRequest) -> HttpResponse:
    """The best free cases, each to whoever has the fewest."""
    may_or_refuse(request, "ledger.manage_case")
    if request.method == "POST":
        people = list(reviewers())
        actor, now = request.user.get_username(), timezone.now()
        given = cases_auto_assign(reviewers=people, livemode=_livemode(request), actor=actor, now=now)
        _tell_shared(request, given, len(people))
    return redirect("admin:queue")


@acts_on_case("lock")
def lock(request: HttpRequest, case_id: UUID, now: datetime) -> HttpResponse:
    case_lock(case_id=case_id, user=request.user, now=now)
    return redirect("admin:case", case_id)


@acts_on_case("release")
def release(request: HttpRequest, case_id: UUID, now: datetime) -> HttpResponse:
    if case_release(case_id=case_id, user=request.user):
        messages.success(request, "The case is anybody's again.")
    return redirect("admin:case", case_id)


@acts_on_case("assign")
def assign(request: HttpRequest, case_id: UUID, now: datetime) -> HttpResponse:
    """`assignee`: "me"; or the id of a reviewer, or "nobody", for whoever may assign to others."""
    asked = request.POST.get("assignee", "")
    if asked != "me" and not request.user.has_perm("ledger.manage_case"):
        raise PermissionDenied
    assignee = request.user if asked == "me" else _person(asked)
    case_assign(case_id=case_id, assignee=assignee, user=request.user, now=now)
    name = "you" if assignee == request.user else assignee.get_username() if assignee else "nobody"
    messages.success(request, f"Assigned to {name}.")
    return redirect("admin:case", case_id)


@acts_on_case("escalate")
def escalate(request: HttpRequest, case_id: UUID, now: datetime) -> HttpResponse:
    note = request.POST.get("note", "").strip()
    case = case_escalate(case_id=case_id, user=request.user, note=note, now=now)
    messages.success(request, f"Escalated {case.transaction.public_id}.")
    return go_on(request, livemode=case.livemode, now=now)


@acts_on_case("snooze")
def snooze(request: HttpRequest, case_id: UUID, now: datetime) -> HttpResponse:
    until = _until(request.POST.dict(), now)
    is_woken = bool(request.POST.get("or_on_activity"))
    case = case_snooze(case_id=case_id, user=request.user, until=until, or_on_activity=is_woken, now=now)
    moment = f"{timezone.localtime(until):%-d %b %Y %H:%M} {zone_words()}"
    activity = ", or the next payment" if is_woken else ""
    messages.success(request, f"Snoozed {case.transaction.public_id} until {moment}{activity}.")
    return go_on(request, livemode=case.livemode, now=now)


@acts_on_case("note")
def note(request: HttpRequest, case_id: UUID, now: datetime) -> HttpResponse:
    text = request.POST.get("note", "")
    case_note_add(case_id=case_id, author=request.user.get_username(), text=text, now=now)
    messages.success(request, "The note was added.")
    return redirect("admin:case", case_id)


def open_case(request: HttpRequest, transaction_id: UUID) -> HttpResponse:
    """Of any payment, also once more. Who is second finds it open."""
    return _open(request, transaction_id)


@acts_on_case("open")
def _open(request: HttpRequest, case_id: UUID, now: datetime) -> HttpResponse:
    try:
        case_open(transaction_id=case_id, actor=request.user.get_username(), now=now)
    except CaseTaken as taken:
        messages.info(request, taken.detail)
    return redirect("admin:case", case_id)


def _livemode(request: HttpRequest) -> bool:
    return request.POST.get("mode") != "test"


def _person(asked: str) -> User | None:
    """A reviewer by id; None for nobody. Errors: InvalidRequest."""
    if asked == "nobody":
        return None
    person = reviewers().filter(pk=int(asked) if asked.isdecimal() else 0).first()
    if person is None:
        raise _wrong("assignee", "Choose somebody who may work cases.")
    return person


def _until(sent: Mapping[str, str], now: datetime) -> datetime:
    """Errors: InvalidRequest."""
    match sent.get("until", ""):
        case "1h":
            return now + timedelta(hours=1)
        case "4h":
            return now + timedelta(hours=4)
        case "tomorrow":
            tomorrow = timezone.localtime(now).date() + timedelta(days=1)
            return datetime.combine(tomorrow, _MORNING, timezone.get_current_timezone())
        case "moment":
            return _moment(sent.get("moment", ""))
    raise _wrong("until", "Choose how long.")


def _moment(text: str) -> datetime:
    """In the viewer's zone. Errors: InvalidRequest, also for an hour that its clocks skip or repeat."""
    try:
        moment: datetime = forms.DateTimeField().clean(text)
    except ValidationError as error:
        raise _wrong("moment", f"Choose the moment until which it is snoozed. {' '.join(error.messages)}") from None
    return moment


def _wrong(name: str, words: str) -> InvalidRequest:
    return InvalidRequest(words, errors=[FieldError(name, "not_fitting", words)])


def _tell_shared(request: HttpRequest, given: int, people: int) -> None:
    cases = f"{given} case{'' if given == 1 else 's'}"
    if not people:
        messages.error(request, "Nobody may work cases: give somebody the permission first.")
    elif given:
        messages.success(request, f"{cases} shared out among {people} {'person' if people == 1 else 'people'}.")
    else:
        messages.info(request, "Nothing was shared out: no case is free, or all have as many as the terms allow.")
