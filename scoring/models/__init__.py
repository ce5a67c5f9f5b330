"""What the pipeline is configured with: trained models and their promotions, and the policies that put thresholds on
their scores; the predictions that were made without a payment; and how models fare.
"""

from scoring.models.policy import PolicyRelease, PolicyRequest, PolicySimulation, PolicyVersion
from scoring.models.predictions import Prediction
from scoring.models.registry import ChallengerScore, EvaluationRun, ModelEvaluation, ModelPromotion, ModelVersion
from scoring.models.watching import ModelDay, ModelReading, ScoredDay

__all__ = [
    "ChallengerScore",
    "EvaluationRun",
    "ModelDay",
    "ModelEvaluation",
    "ModelPromotion",
    "ModelReading",
    "ModelVersion",
    "PolicyRelease",
    "PolicyRequest",
    "PolicySimulation",
    "PolicyVersion",
    "Prediction",
    "ScoredDay",
]
