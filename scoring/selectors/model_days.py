"""The days of a model, as they were counted."""

from scoring.domain.watch import Day
from scoring.models import ModelVersion

_DAYS_READ = 120


def days_of_model(model: ModelVersion) -> list[Day]:
    """The latest ones, in time order."""
    return [each.figures for each in model.days.order_by("-day")[:_DAYS_READ]][::-1]
