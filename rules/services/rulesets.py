"""Publishing: which versions are asked together.

Everything that changes what is asked holds one lock until its database transaction ends, so that two publications
cannot each miss the other's change. That only approved versions get in is kept by a trigger on the members.
"""

from collections.abc import Callable, Iterable
from datetime import datetime

from django.db import connection, transaction

from ledger.services.audit import audit_record
from rules.domain.stages import Placement, unexpired
from rules.models import RulesetMember, RulesetVersion, RuleVersion
from sentinel.ops.epochs import CONFIGURATION, epoch_touch

_PUBLISHING_LOCK = 0x72756C6573  # the key of an advisory lock: "rules" in ASCII


def publishing_lock() -> None:
    """Waits for other publications. Call inside a database transaction, before reading what will be published."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_PUBLISHING_LOCK])


def configuration_changed() -> None:
    """After the commit, makes every web process look again."""
    transaction.on_commit(lambda: epoch_touch(CONFIGURATION))


@transaction.atomic
def ruleset_change(
    *,
    actor: str,
    change: Callable[[list[Placement]], Iterable[Placement]],
    note: str = "",
    now: datetime,
    restores: int | None = None,
) -> RulesetVersion | None:
    """The ruleset after a change of the one that is asked now; a new one only when something changed.

    What break-glass let in and has expired by now is left out. None while there never was a ruleset.
    Locks: publishing_lock, until the database transaction ends.
    """
    publishing_lock()
    current = RulesetVersion.objects.first()
    before = [member.placement for member in current.members.all()] if current else []
    after = list(change(unexpired(before, now)))
    if set(after) == set(before):
        return current
    ruleset = RulesetVersion.objects.create(
        number=current.number + 1 if current else 1,
        published_by=actor,
        published_at=now,
        note=note,
        restores=restores,
    )
    _add_members(ruleset, after)
    _audit(actor, ruleset, after, now)
    configuration_changed()
    return ruleset


@transaction.atomic
def ruleset_roll_back(*, actor: str, ruleset: RulesetVersion, note: str, now: datetime) -> RulesetVersion | None:
    """What was asked under an earlier version is asked again, under a new number.

    Locks: publishing_lock, until the database transaction ends.
    """
    restored = unexpired([member.placement for member in ruleset.members.all()], now)
    return ruleset_change(
        actor=actor,
        change=lambda _: restored,
        note=note or f"back to version {ruleset.number}",
        now=now,
        restores=ruleset.number,
    )


def _add_members(ruleset: RulesetVersion, placements: Iterable[Placement]) -> None:
    RulesetMember.objects.bulk_create(
        RulesetMember(
            ruleset=ruleset,
            rule_id=placement.rule_id,
            version_id=placement.version_id,
            stage=placement.stage.value,
            share_percent=placement.share_percent,
            expires_at=placement.expires_at,
        )
        for placement in placements
    )


def _audit(actor: str, ruleset: RulesetVersion, placements: list[Placement], now: datetime) -> None:
    stages = {placement.version_id: placement for placement in placements}
    versions = RuleVersion.objects.filter(pk__in=stages).select_related("rule").order_by("rule__code", "number")
    rules = [f"{each.rule.code} {each.number} {stages[each.pk].stage.value}" for each in versions]
    audit_record(
        actor=actor,
        action="ruleset.published",
        subject=f"ruleset:{ruleset.number}",
        details={"note": ruleset.note, "restores": ruleset.restores, "rules": rules},
        now=now,
    )
