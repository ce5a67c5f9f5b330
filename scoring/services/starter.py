from datetime import datetime

from rules.services.starter import starter_rules_install
from scoring.models import PolicyVersion
from scoring.services.groups import groups_ensure
from scoring.services.policies import DEFAULT_THRESHOLDS, policy_publish


def starter_install(*, actor: str, now: datetime) -> None:
    """What a new installation starts with: rules, a policy and groups. What is there already stays as it is."""
    starter_rules_install(now=now)
    if not PolicyVersion.objects.exists():
        policy_publish(thresholds=DEFAULT_THRESHOLDS, actor=actor, note="starter policy", now=now)
    groups_ensure()
