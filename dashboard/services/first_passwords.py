"""Passwords that an administrator gave: they let in for three days, and only to where the person chooses another.

A session knows that it began with one, so no page has to ask the database: when somebody else gives a password, all
sessions of the person end.
"""

from datetime import datetime, timedelta

from django.contrib.auth.models import User
from django.http import HttpRequest

from dashboard.models import FirstPassword

LASTS = timedelta(days=3)
_BEGUN_WITH_ONE = "first_password"


def first_password_give(*, user: User, now: datetime) -> None:
    FirstPassword.objects.update_or_create(user=user, defaults={"ends_at": now + LASTS})


def first_password_is_over(*, user: User, now: datetime) -> bool:
    return FirstPassword.objects.filter(user=user, ends_at__lte=now).exists()


def first_password_note(request: HttpRequest) -> None:
    """Call right after the log-in."""
    if FirstPassword.objects.filter(user__username=request.user.get_username()).exists():
        request.session[_BEGUN_WITH_ONE] = True


def must_choose_password(request: HttpRequest) -> bool:
    return _BEGUN_WITH_ONE in request.session


def first_password_end(request: HttpRequest) -> None:
    """The person has chosen a password."""
    FirstPassword.objects.filter(user__username=request.user.get_username()).delete()
    request.session.pop(_BEGUN_WITH_ONE, None)
