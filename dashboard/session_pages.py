"""A person's own sessions, and the way to end them."""

from typing import Any, cast

from django.contrib import messages
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone

from dashboard.models import PersonSession
from dashboard.services.sessions import sessions_end

SHOWN = 50


def sessions_view(request: HttpRequest, context: dict[str, Any]) -> HttpResponse:
    """POST with `end`: the id of a session, or "others"."""
    user = cast(User, request.user)
    lasting = sessions_lasting().filter(user=user)
    others = lasting.exclude(session_key=request.session.session_key)
    if request.method == "POST":
        chosen = request.POST.get("end", "")
        wanted = others if chosen == "others" else others.filter(pk=int(chosen) if chosen.isdecimal() else 0)
        ended = sessions_end(sessions=wanted, actor=user.get_username(), now=timezone.now())
        messages.success(request, f"Ended: {ended} session{'' if ended == 1 else 's'}.")
        return redirect("admin:own_sessions")
    facts = {"sessions": lasting[:SHOWN], "this_key": request.session.session_key}
    return TemplateResponse(request, "admin/own_sessions.html", {**context, **facts})


def sessions_lasting() -> QuerySet[PersonSession]:
    """Neither expired nor logged out of."""
    lasting = Session.objects.filter(expire_date__gt=timezone.now()).values("session_key")
    return PersonSession.objects.filter(session_key__in=lasting).select_related("user")
