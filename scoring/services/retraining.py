"""Training on a schedule: a challenger, never a champion. In a process of its own, so that no worker loads
scikit-learn, and one at a time on the installation.
"""

import signal
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from subprocess import TimeoutExpired

from django.conf import settings
from django.db import connection
from django.db.models import QuerySet

from ledger.models import AuditEntry, RecordMark
from rules.services.alarms import alarm_raise
from scoring.domain.family_names import CARD_NAME
from scoring.models import ModelVersion
from scoring.selectors.models import champion_row
from scoring.services.promotions import model_retire
from sentinel.ops.embedded.processes import Child, signal_group, spawn

ACTOR = "retraining"
# Unbuffered, so that what it said last stands last.
COMMAND = (sys.executable, "-u", str(Path(settings.BASE_DIR) / "manage.py"), "train_model", "--challenger")
SECONDS_MAX = 2 * 3600
CHALLENGERS_MAX = 3  # trained on schedule; each is scored beside every payment
UNDER_WAY = "Another training is under way."
_TRAINER = "manage.py train_model"  # as the audit trail calls it
_LOCK = 0x747261696E  # the key of an advisory lock: "train" in ASCII
_MARK = "retraining"
_OUTPUT_CHARACTERS_MAX = 4000
_State = ModelVersion.State


def model_retrain(
    *, clock: Callable[[], datetime], command: Sequence[str] = COMMAND, seconds_max: float = SECONDS_MAX
) -> str:
    """Trains a challenger when one is due; what the training said, nothing when none was.

    A training that fails or takes too long raises an alarm, and the next one is due as after any other.
    """
    with _alone() as is_alone:
        if not is_alone:
            return UNDER_WAY
        if not _is_due(clock()):
            return ""
        failure, output = _run(command, seconds_max)
        now = clock()
        RecordMark.objects.update_or_create(name=_MARK, defaults={"read_until": now})
        if failure:
            _alarm(failure, output, now)
        else:
            _retire_old(now)
        return f"{output}\n{failure}".strip()


def _is_due(now: datetime) -> bool:
    """So many days after the last training, whoever started it. Without a champion there is nothing to challenge."""
    if not settings.RETRAIN_DAYS or champion_row() is None:
        return False
    trained = _cards().order_by("-created_at").values_list("created_at", flat=True).first()
    tried = RecordMark.objects.filter(name=_MARK).values_list("read_until", flat=True).first()
    return max(filter(None, [trained, tried])) <= now - timedelta(days=settings.RETRAIN_DAYS)


def _cards() -> "QuerySet[ModelVersion]":
    """Those that are trained on the record."""
    return ModelVersion.objects.filter(family=CARD_NAME)


def _run(command: Sequence[str], seconds_max: float) -> tuple[str, str]:
    """In words why it failed, nothing when it did not; and the end of what it said. It dies with this process."""
    with tempfile.TemporaryFile() as output:
        process = spawn(Child("training", list(command), folder=Path(settings.BASE_DIR)), output)
        try:
            code = process.wait(timeout=seconds_max)
            failure = f"It ended with exit code {code}." if code else ""
        except TimeoutExpired:
            signal_group(process, signal.SIGKILL)
            process.wait()
            failure = f"It was stopped after {seconds_max:,.0f} seconds."
        output.seek(0)
        said = output.read().decode(errors="replace").strip()
    return failure, said[-_OUTPUT_CHARACTERS_MAX:]


def _alarm(failure: str, output: str, now: datetime) -> None:
    last = output.splitlines()[-1][:250] if output else "It said nothing."
    hint = "The champion goes on. Train by hand to see all of it: manage.py train_model --challenger."
    words = f"The scheduled training failed. {failure} {last} {hint}"
    alarm_raise(kind="model.retraining_failed", subject="model:training", words=words, now=now)


def _retire_old(now: datetime) -> None:
    """Challengers that training put up, but for the newest. They can still be evaluated and promoted."""
    by_training = AuditEntry.objects.filter(action="model.challenges", actor=_TRAINER).values_list(
        "subject", flat=True
    )
    challengers = _cards().filter(state=_State.CHALLENGER).order_by("-created_at", "-id")
    trained = [each for each in challengers if f"model {each.version}" in by_training]
    for old in trained[CHALLENGERS_MAX:]:
        model_retire(version=old.version, actor=ACTOR, now=now)


@contextmanager
def _alone() -> Iterator[bool]:
    """Whether no other process trains. The lock ends with the connection, if not before."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [_LOCK])
        is_alone = bool(cursor.fetchone()[0])
    try:
        yield is_alone
    finally:
        if is_alone:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [_LOCK])
