from dashboard.models.dimensions import (
    AccountDimension,
    DateDimension,
    HourDimension,
    MerchantDimension,
    ModelDimension,
    OutcomeDimension,
    RuleDimension,
)
from dashboard.models.facts import DecisionFact, RuleFact, SharedValue
from dashboard.models.people import PersonSession
from dashboard.models.rollups import FactMark, Rollup, RollupDue

__all__ = [
    "AccountDimension",
    "DateDimension",
    "DecisionFact",
    "FactMark",
    "HourDimension",
    "MerchantDimension",
    "ModelDimension",
    "OutcomeDimension",
    "PersonSession",
    "Rollup",
    "RollupDue",
    "RuleDimension",
    "RuleFact",
    "SharedValue",
]
