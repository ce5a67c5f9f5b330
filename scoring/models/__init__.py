"""What the pipeline is configured with: trained models, and the policies that put thresholds on their scores; and the
predictions that were made without a payment.
"""

from scoring.models.policy import PolicyVersion
from scoring.models.predictions import Prediction
from scoring.models.registry import ModelVersion

__all__ = ["ModelVersion", "PolicyVersion", "Prediction"]
