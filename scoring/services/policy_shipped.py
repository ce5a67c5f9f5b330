"""A policy that comes with the product, or with a bench or test: written, approved and live in one step.

Its author and its approver are names that no person has.
"""

from datetime import datetime
from typing import Any

from django.db import transaction

from rules.domain.stages import Stage
from rules.services.shipped import APPROVER, AUTHOR
from scoring.models import PolicyRequest, PolicyVersion
from scoring.services.policies import policy_draft, policy_release


@transaction.atomic
def shipped_policy_publish(*, thresholds: dict[str, Any], note: str, now: datetime) -> PolicyVersion:
    """Errors: as policy_draft. Locks: publishing_lock, until the database transaction ends."""
    version = policy_draft(actor=AUTHOR, thresholds=thresholds, note=note, now=now)
    PolicyRequest.objects.create(
        version=version,
        asked_by=AUTHOR,
        asked_at=now,
        state=PolicyRequest.State.APPROVED,
        decided_by=APPROVER,
        decided_at=now,
        decision_note=note,
    )
    words = f"version {version.number}: live"
    policy_release(
        actor=AUTHOR, change=lambda release: release.with_placed(version.number, Stage.LIVE), note=words, now=now
    )
    return version
