"""What analysts write: rules with their versions and approvals, the rulesets that were asked, and lists."""

from rules.models.approvals import Alarm, ApprovalRequest, BreakGlass, RuleSnooze
from rules.models.health import RecentHits, RuleDay, RuleHealth, RulePairDay, TallyMark
from rules.models.list_imports import ListImport, ListImportFault, ListImportLine, ListImportPart
from rules.models.lists import List, ListItem, ListProposal
from rules.models.rules import Rule, RulesetMember, RulesetVersion, RuleVersion
from rules.models.simulations import Simulation

__all__ = [
    "Alarm",
    "ApprovalRequest",
    "BreakGlass",
    "List",
    "ListImport",
    "ListImportFault",
    "ListImportLine",
    "ListImportPart",
    "ListItem",
    "ListProposal",
    "RecentHits",
    "Rule",
    "RuleDay",
    "RuleHealth",
    "RulePairDay",
    "RuleSnooze",
    "RuleVersion",
    "RulesetMember",
    "RulesetVersion",
    "Simulation",
    "TallyMark",
]
