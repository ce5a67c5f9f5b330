"""Decisions as facts, and people: who they are, how they got in, and what failed."""

from dashboard.admin import account_panels, case_panel, decisions, failed_log_ins, people, schedules, sessions

__all__ = ["account_panels", "case_panel", "decisions", "failed_log_ins", "people", "schedules", "sessions"]
