"""What the pipeline is configured with: trained models and their promotions, and the policies that put thresholds on
their scores; the predictions that were made without a payment; files that are scored; how models fare; and the data
quality of what clients send.
"""

from scoring.models.jobs import JobPart, ScoreJob
from scoring.models.policy import PolicyRelease, PolicyRequest, PolicySimulation, PolicyVersion
from scoring.models.predictions import Prediction
from scoring.models.quality import QualityCount, QualityFinding, RefusedRequest
from scoring.models.registry import ChallengerScore, EvaluationRun, ModelEvaluation, ModelPromotion, ModelVersion
from scoring.models.watching import ModelDay, ModelReading, ScoredDay

__all__ = [
    "ChallengerScore",
    "EvaluationRun",
    "JobPart",
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
    "QualityCount",
    "QualityFinding",
    "RefusedRequest",
    "ScoreJob",
    "ScoredDay",
]
