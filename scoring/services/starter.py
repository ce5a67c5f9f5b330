from datetime import datetime

from rules.services.starter import starter_rules_install
from scoring.models import PolicyVersion
from scoring.services.groups import groups_ensure
from scoring.services.policies import DEFAULT_THRESHOLDS
from scoring.services.policy_shipped import shipped_policy_publish


def starter_install(*, now: datetime) -> None:
    """What a new installation starts with: rules, a policy and groups. What is there already stays as it is."""
    starter_rules_install(now=now)
    if not PolicyVersion.objects.exists():
        shipped_policy_publish(thresholds=DEFAULT_THRESHOLDS, note="starter policy", now=now)
    groups_ensure()
