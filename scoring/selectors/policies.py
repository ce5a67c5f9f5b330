from typing import Any

from scoring.domain.policy import Policy
from scoring.models import PolicyVersion


def policy_load_live() -> Policy:
    """The newest policy. Version 0, before any is published, has no thresholds: only rules decide."""
    newest = PolicyVersion.objects.first()
    return policy_from(newest.number, newest.thresholds) if newest else Policy(version=0)


def policy_from(version: int, thresholds: dict[str, Any]) -> Policy:
    known = dict(thresholds)
    limits = known.pop("degraded_review_above", {})
    return Policy(version=version, **known, degraded_review_above=tuple(sorted(limits.items())))
