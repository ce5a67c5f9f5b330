"""Failed log-ins are counted by name, by address and by both; too many within the cool-off lock what was counted.

django-axes keeps the counts in PostgreSQL and asks its handler, which is this one.
"""

from datetime import timedelta
from ipaddress import ip_address, ip_network
from typing import Any

from axes.attempts import get_cool_off_threshold
from axes.handlers.database import AxesDatabaseHandler
from axes.helpers import get_client_username
from axes.models import AccessAttempt
from django.conf import settings
from django.contrib.auth.models import User
from django.db.models import Q, QuerySet, Sum
from django.http import HttpRequest
from django.utils import timezone

from rules.models import Alarm
from rules.services.alarms import alarm_raise

# Times AXES_FAILURE_LIMIT. A bank's people may share one address, and a name is used from a few.
NAME_FACTOR, ADDRESS_FACTOR = 4, 10
NAMES_TRIED_ALARM = 10
_ALARM_EVERY = timedelta(hours=1)


class LogInHandler(AxesDatabaseHandler):  # type: ignore[misc]
    def get_failures(self, request: HttpRequest, credentials: dict[str, Any] | None = None) -> int:
        """Those of the name at this address; the limit as soon as any of the three counts has reached its own."""
        name, address = get_client_username(request, credentials), _address(request)
        of_both, of_name, of_address = failures(name, address, since=get_cool_off_threshold(request))
        limit: int = settings.AXES_FAILURE_LIMIT
        is_locked = of_name >= NAME_FACTOR * limit or of_address >= ADDRESS_FACTOR * limit
        return max(of_both, limit) if is_locked else of_both

    def user_login_failed(
        self, sender: Any, credentials: dict[str, Any], request: HttpRequest | None = None, **kwargs: Any
    ) -> None:
        super().user_login_failed(sender, credentials, request, **kwargs)
        if request is not None:
            _alarm_if_many(get_client_username(request, credentials), _address(request))


def client_address(request: HttpRequest) -> str | None:
    """Of IPv6 the /64 network, which is one customer's. None for what is no address, such as a Unix socket."""
    try:
        address = ip_address(request.META.get("REMOTE_ADDR", ""))
    except ValueError:
        return None
    return str(address if address.version == 4 else ip_network((address, 64), strict=False).network_address)


def failures(name: str | None, address: str | None, *, since: Any) -> tuple[int, int, int]:
    """Of this name at this address, of the name, and of the address. What is not known has no failures of its own."""
    is_name, is_address = Q(username=name), Q(ip_address=address)
    found = _recent(since).aggregate(
        of_both=Sum("failures_since_start", filter=is_name & is_address),
        of_name=Sum("failures_since_start", filter=is_name),
        of_address=Sum("failures_since_start", filter=is_address),
    )
    return found["of_both"] or 0, (name and found["of_name"]) or 0, (address and found["of_address"]) or 0


def _recent(since: Any) -> QuerySet[Any]:
    attempts: QuerySet[Any] = AccessAttempt.objects.filter(attempt_time__gte=since)
    return attempts


def _address(request: HttpRequest) -> str | None:
    """As it was found when the attempt began."""
    address: str | None = request.axes_ip_address  # type: ignore[attr-defined]
    return address


def _alarm_if_many(name: str | None, address: str | None) -> None:
    since = timezone.now() - settings.AXES_COOLOFF_TIME
    if address:
        names = _recent(since).filter(ip_address=address).values("username").distinct().count()
        if names >= NAMES_TRIED_ALARM:
            words = f"Log-ins failed for {names} names from {address}. Somebody may be trying passwords on everybody."
            _alarm("system.log_ins_tried", address, words)
    of_name = failures(name, address, since=since)[1]
    if name and of_name >= NAME_FACTOR * settings.AXES_FAILURE_LIMIT and User.objects.filter(username=name).exists():
        words = f"{name} is locked out after {of_name} failed log-ins from any address. Ask whether it was them."
        _alarm("system.log_in_guessed", name[:100], words)


def _alarm(kind: str, subject: str, words: str) -> None:
    """Once an hour."""
    now = timezone.now()
    if not Alarm.objects.filter(kind=kind, subject=subject, raised_at__gt=now - _ALARM_EVERY).exists():
        alarm_raise(kind=kind, subject=subject, words=words, now=now)
