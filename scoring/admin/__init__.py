from scoring.admin.policies import PolicyVersionAdmin
from scoring.admin.registry import ModelVersionAdmin

__all__ = ["ModelVersionAdmin", "PolicyVersionAdmin"]
