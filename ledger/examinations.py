"""What the record is asked by `manage.py doctor`."""

from datetime import timedelta

from django.db import connection
from django.db.models import F
from django.utils import timezone

from ledger.models import AuditEntry, PendingVerdict, SealBlock
from sentinel.api.models import ApiKey
from sentinel.ops.doctor import LookAtIt, Wrong, register_examination

AHEAD = timedelta(days=14)
VERDICT_LATE = timedelta(seconds=60)
SEAL_LATE = timedelta(minutes=5)
KEY_ENDS_SOON = timedelta(days=7)
KEYS_NAMED = 5


def partitions() -> str:
    """There is room for the payments of the next weeks."""
    day = timezone.now() + AHEAD
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass(%s) IS NOT NULL", [f"ledger_transaction_{day:%Y%m}"])
        if not cursor.fetchone()[0]:
            raise Wrong(f"there is no partition for {day:%B %Y}: payments of then would be refused")
    return f"made to {day:%B %Y} at least"


def verdicts() -> str:
    """What reviewers said is applied."""
    late = PendingVerdict.objects.filter(error="", apply_at__lte=timezone.now() - VERDICT_LATE).count()
    failed = PendingVerdict.objects.exclude(error="").count()
    if late:
        raise Wrong(f"{late} verdicts wait to be applied")
    if failed:
        raise LookAtIt(f"{failed} verdicts could not be applied; their cases say why")
    return "none is late"


def seal() -> str:
    """What was recorded is sealed."""
    last = SealBlock.objects.first()
    newest = AuditEntry.objects.order_by("-id").values_list("recorded_at", flat=True).first()
    if newest is None or newest > timezone.now() - SEAL_LATE:
        return f"{last} is the newest" if last else "nothing is old enough to be sealed"
    if last is None or last.sealed_at < newest:
        raise Wrong(f"what was recorded at {newest:%Y-%m-%d %H:%M} UTC is in no block")
    return f"{last} is the newest"


def api_keys() -> str:
    """No key that is used ends soon, or was replaced and is used all the same."""
    now = timezone.now()
    in_use = ApiKey.objects.filter(client__is_active=True, revoked_at=None, expires_at__gt=now)
    replaced = in_use.filter(last_used_at__gt=F("replacement__created_at"))
    ending = in_use.filter(replacement=None, expires_at__lt=now + KEY_ENDS_SOON, last_used_at__gt=now - KEY_ENDS_SOON)
    words = [f"{key} of {key.client} was replaced and is still used" for key in replaced.select_related("client")]
    words += [f"{key} of {key.client} stops working soon" for key in ending.select_related("client")]
    if words:
        raise LookAtIt("; ".join(words[:KEYS_NAMED]))
    return "none that is used ends soon"


def register_own_examinations() -> None:
    register_examination("partitions", partitions, advice="Run `manage.py make_partitions` as the owner, each month.")
    register_examination("seal", seal, advice="Is `manage.py seal_ledger` running?")
    register_examination("verdicts", verdicts, advice="Is `manage.py apply_verdicts` running? Open the queue.")
    register_examination("API keys", api_keys, advice="Bring the new key to whoever uses the old one, or rotate it.")
