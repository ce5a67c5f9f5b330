"""Rules, what was live when, and lists in the Admin. Thin: reading, one service call per change, and rendering."""

from rules.admin import (
    account_panel,
    alarms,
    list_imports,
    list_items,
    list_proposals,
    lists,
    payment_panel,
    rules,
    rules_panel,
    rulesets,
    simulations,
)

__all__ = [
    "account_panel",
    "alarms",
    "list_imports",
    "list_items",
    "list_proposals",
    "lists",
    "payment_panel",
    "rules",
    "rules_panel",
    "rulesets",
    "simulations",
]
