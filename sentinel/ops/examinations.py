"""What any installation is asked: settings, clocks, disks, workers, beat, and the certificate of its own address."""

import shutil
import socket
import ssl
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

from celery import current_app
from django.conf import settings
from django.core import checks
from django.db import connection
from django.utils import timezone
from django_celery_beat.models import PeriodicTask
from django_redis import get_redis_connection

from sentinel.ops import queues
from sentinel.ops.doctor import LookAtIt, Wrong, register_examination
from sentinel.ops.machine import that_exists
from sentinel.ops.probes import one_node

CLOCK_LOOK_SECONDS, CLOCK_WRONG_SECONDS = 1.0, 5.0
DISK_LOOK_BYTES, DISK_WRONG_BYTES = 5 << 30, 1 << 30
# It notes what it started every three minutes.
BEAT_LATE = timedelta(minutes=10)
WORKERS_ANSWER_SECONDS = 2.0
CERTIFICATE_LOOK_DAYS = 14
CONNECT_SECONDS = 5


def checked_settings() -> str:
    """Django's own checks with those for a deployment, and ours."""
    every = checks.run_checks(include_deployment_checks=not settings.DEVELOPMENT)
    found = [each for each in every if not each.is_silenced()]
    errors = [each for each in found if each.level >= checks.ERROR]
    if errors:
        raise Wrong(_joined(errors))
    if found:
        raise LookAtIt(_joined(found))
    return "development mode" if settings.DEVELOPMENT else "fit for production"


def clocks() -> str:
    """The moment here against those of the database and of Redis, each in the middle of asking."""
    offsets = {"the database": _offset_seconds(_database_seconds), "Redis": _offset_seconds(_redis_seconds)}
    worst = max(offsets, key=lambda name: abs(offsets[name]))
    words = f"this clock is {abs(offsets[worst]):.1f} s from that of {worst}"
    if abs(offsets[worst]) > CLOCK_WRONG_SECONDS:
        raise Wrong(words)
    if abs(offsets[worst]) > CLOCK_LOOK_SECONDS:
        raise LookAtIt(words)
    return words


def disks() -> str:
    """Space left where this installation writes."""
    places = {Path(settings.VAR_DIR), Path(settings.MODEL_DIR)}
    free = {place: shutil.disk_usage(that_exists(place)).free for place in sorted(places)}
    least = min(free, key=lambda place: free[place])
    words = f"{free[least] / (1 << 30):.1f} GiB free for {least}"
    if free[least] < DISK_WRONG_BYTES:
        raise Wrong(words)
    if free[least] < DISK_LOOK_BYTES:
        raise LookAtIt(words)
    return words


def workers() -> str:
    """Every queue has somebody who takes its messages."""
    answers = current_app.control.inspect(timeout=WORKERS_ANSWER_SECONDS).active_queues() or {}
    taken = {queue["name"] for each in answers.values() for queue in each}
    if missing := sorted(set(queues.NAMES) - taken):
        raise Wrong(f"no worker takes {', '.join(missing)}")
    return f"{len(answers)} take {', '.join(sorted(queues.NAMES))}"


def beat() -> str:
    """Something that is due each minute was started lately."""
    newest = PeriodicTask.objects.filter(enabled=True).order_by("-last_run_at").exclude(last_run_at=None).first()
    if newest is None or newest.last_run_at is None:
        raise LookAtIt("beat has noted nothing yet, which it does every three minutes")
    ago = timezone.now() - newest.last_run_at
    words = f"beat started something {int(ago.total_seconds())} s ago"
    if ago > BEAT_LATE:
        raise Wrong(words)
    return words


def certificate() -> str:
    """That of SENTINEL_PUBLIC_URL, as a visitor meets it."""
    address = urlsplit(settings.PUBLIC_URL)
    if address.scheme != "https":
        return f"none: {settings.PUBLIC_URL} is not https"
    place = address.hostname or "", address.port or 443
    with (
        socket.create_connection(place, CONNECT_SECONDS) as plain,
        ssl.create_default_context().wrap_socket(plain, server_hostname=place[0]) as line,
    ):
        ends = ssl.cert_time_to_seconds(str((line.getpeercert() or {})["notAfter"]))
    days = (datetime.fromtimestamp(ends, UTC) - timezone.now()).days
    words = f"that of {place[0]} ends in {days} days"
    if days < CERTIFICATE_LOOK_DAYS:
        raise LookAtIt(words)
    return words


def register_own_examinations() -> None:
    register_examination("settings", checked_settings, advice="Change what is named; docs/settings.md has each one.")
    register_examination("clocks", clocks, advice="Let all machines take their time from the same servers (NTP).")
    register_examination("disk", disks, advice="Make room, or move SENTINEL_VAR_DIR to a larger disk.")
    register_examination("workers", workers, advice="Start Celery's workers: docs/operations.md names the commands.")
    register_examination("beat", beat, advice="Start one `celery -A sentinel beat`; only one.")
    register_examination("certificate", certificate, advice="Renew the certificate, or mend SENTINEL_PUBLIC_URL.")


def _joined(found: Iterable[checks.CheckMessage]) -> str:
    return " ".join(f"{each.msg} {each.hint or ''}".strip() for each in found)


def _offset_seconds(ask: Callable[[], float]) -> float:
    before = time.time()
    there = ask()
    return there - (before + time.time()) / 2


def _database_seconds() -> float:
    with connection.cursor() as cursor:
        cursor.execute("SELECT extract(epoch FROM clock_timestamp())::float8")
        return float(cursor.fetchone()[0])


def _redis_seconds() -> float:
    seconds, micros = get_redis_connection("default").time(**one_node())
    return float(seconds) + float(micros) / 1e6
