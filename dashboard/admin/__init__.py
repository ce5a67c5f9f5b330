"""Decisions as facts; how the system is; and people: who they are, how they got in, and what failed."""

from dashboard.admin import (
    account_panels,
    calls,
    case_panel,
    decisions,
    failed_log_ins,
    monitoring,
    people,
    schedules,
    sessions,
)

__all__ = [
    "account_panels",
    "calls",
    "case_panel",
    "decisions",
    "failed_log_ins",
    "monitoring",
    "people",
    "schedules",
    "sessions",
]
