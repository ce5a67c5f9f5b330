"""What the pipeline is configured with: trained models, and the policies that put thresholds on their scores."""

from scoring.models.policy import PolicyVersion
from scoring.models.registry import ModelVersion

__all__ = ["ModelVersion", "PolicyVersion"]
