"""Sessions of people: written when they begin, and ended by the person, an administrator, or with what they rest on.

The session itself lies in the database with a copy in the cache: both go, and the cache once more after the commit,
since a request of that moment may have copied it again.
"""

from collections.abc import Iterable
from datetime import datetime
from functools import partial
from importlib import import_module
from typing import Any, cast

from django.conf import settings
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone

from dashboard.lockouts import client_address
from dashboard.models import PersonSession
from ledger.services.audit import audit_record

PRUNED_AT_ONCE = 10_000

_BROWSERS = (
    ("Edg/", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
_SYSTEMS = (
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Mac OS", "macOS"),
    ("Linux", "Linux"),
)


def session_begin(request: HttpRequest) -> None:
    """Call right after the log-in, which gave the session its key."""
    PersonSession.objects.create(
        user=cast(User, request.user),
        session_key=request.session.session_key or "",
        begun_at=timezone.now(),
        address=client_address(request),
        browser=browser_words(request.headers.get("User-Agent", "")),
    )


def browser_words(user_agent: str) -> str:
    browser = next((words for sign, words in _BROWSERS if sign in user_agent), "another browser")
    system = next((words for sign, words in _SYSTEMS if sign in user_agent), None)
    return f"{browser} on {system}" if system else browser


def session_follow(*, old_key: str | None, new_key: str | None) -> None:
    """The same session under another key, as after a change of the password."""
    PersonSession.objects.filter(session_key=old_key).update(session_key=new_key)


@transaction.atomic
def sessions_end(*, sessions: Iterable[PersonSession], actor: str, now: datetime) -> int:
    """Their requests from now on are a stranger's. Returns how many there were."""
    ended = 0
    for session in sessions:
        store: Any = _store(session.session_key)
        store.delete()
        transaction.on_commit(partial(_forget_copy, store))
        session.delete()
        subject = f"person {session.user.get_username()}"
        details = {"begun_at": session.begun_at.isoformat(), "browser": session.browser}
        audit_record(actor=actor, action="session.ended", subject=subject, details=details, now=now)
        ended += 1
    return ended


def sessions_of_person_end(*, user: User, actor: str, now: datetime, keep_key: str | None = None) -> int:
    """All of them, or all but the one that is kept."""
    sessions = PersonSession.objects.filter(user=user).exclude(session_key=keep_key or "").select_related("user")
    return sessions_end(sessions=sessions, actor=actor, now=now)


def sessions_prune(*, now: datetime) -> int:
    """Forget what has expired or was logged out of; at most so many at once."""
    expired = Session.objects.filter(expire_date__lt=now).values("pk")[:PRUNED_AT_ONCE]
    Session.objects.filter(pk__in=list(expired.values_list("pk", flat=True))).delete()
    gone = PersonSession.objects.exclude(session_key__in=Session.objects.values("session_key"))
    return gone.delete()[0]


def _store(session_key: str) -> Any:
    return import_module(settings.SESSION_ENGINE).SessionStore(session_key)


def _forget_copy(store: Any) -> None:
    store._cache.delete(store.cache_key)
