"""What analysts write: rules with their versions, the rulesets that were live, and the lists rules look into."""

from rules.models.lists import List, ListItem
from rules.models.rules import Rule, RulesetMember, RulesetVersion, RuleVersion

__all__ = ["List", "ListItem", "Rule", "RuleVersion", "RulesetMember", "RulesetVersion"]
