from scoring.admin.jobs import ScoreJobAdmin
from scoring.admin.policies import PolicyReleaseAdmin, PolicyVersionAdmin
from scoring.admin.registry import ModelVersionAdmin

__all__ = ["ModelVersionAdmin", "PolicyReleaseAdmin", "PolicyVersionAdmin", "ScoreJobAdmin"]
