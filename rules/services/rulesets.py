"""Publishing: which versions are live together.

Everything that changes what is live holds one lock until its database transaction ends, so that two publications
cannot each miss the other's change.
"""

from collections.abc import Iterable
from datetime import datetime

from django.db import connection, transaction
from django.db.models import OuterRef, Subquery

from ledger.services.audit import audit_record
from rules.models import Rule, RulesetMember, RulesetVersion, RuleVersion
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
def ruleset_publish(*, actor: str, note: str = "", now: datetime) -> RulesetVersion:
    """The live ruleset made of the latest version of every enabled rule; a new one only when something changed.

    Locks: publishing_lock, until the database transaction ends.
    """
    publishing_lock()
    versions = list(_latest_versions_of_enabled_rules())
    live = RulesetVersion.objects.first()
    if live and set(live.members.values_list("version_id", flat=True)) == {version.pk for version in versions}:
        return live
    return _publish(actor, note, now, number=live.number + 1 if live else 1, versions=versions)


def _latest_versions_of_enabled_rules() -> Iterable[RuleVersion]:
    latest = RuleVersion.objects.filter(rule=OuterRef("pk")).order_by("-number").values("pk")[:1]
    enabled = Rule.objects.filter(is_enabled=True).annotate(latest=Subquery(latest))
    return RuleVersion.objects.filter(pk__in=enabled.values("latest")).select_related("rule").order_by("rule__code")


def _publish(actor: str, note: str, now: datetime, *, number: int, versions: list[RuleVersion]) -> RulesetVersion:
    ruleset = RulesetVersion.objects.create(number=number, published_by=actor, published_at=now, note=note)
    RulesetMember.objects.bulk_create(
        RulesetMember(ruleset=ruleset, rule=version.rule, version=version) for version in versions
    )
    rules = {version.rule.code: version.number for version in versions}
    audit_record(
        actor=actor,
        action="ruleset.published",
        subject=f"ruleset:{number}",
        details={"note": note, "rules": rules},
        now=now,
    )
    configuration_changed()
    return ruleset
