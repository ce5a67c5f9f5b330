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
from dashboard.models.monitoring import ApiCall, FigureLimit, KeptWarning, Reading, RequestMinute, SystemAlarm
from dashboard.models.people import FirstPassword, PersonSession
from dashboard.models.rollups import FactMark, Rollup, RollupDue
from dashboard.models.second_factors import AuthenticatorApp

__all__ = [
    "AccountDimension",
    "ApiCall",
    "AuthenticatorApp",
    "DateDimension",
    "DecisionFact",
    "FactMark",
    "FigureLimit",
    "FirstPassword",
    "HourDimension",
    "KeptWarning",
    "MerchantDimension",
    "ModelDimension",
    "OutcomeDimension",
    "PersonSession",
    "Reading",
    "RequestMinute",
    "Rollup",
    "RollupDue",
    "RuleDimension",
    "RuleFact",
    "SharedValue",
    "SystemAlarm",
]
