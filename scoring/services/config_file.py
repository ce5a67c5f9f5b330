"""The policy's part of the file that rules are exported in."""

from datetime import datetime
from typing import Any

from rules.services.config_plan import ADDED, CHANGED, SETTINGS, UNCHANGED, Change, Settings
from scoring.domain.policy_json import policy_errors, policy_from
from scoring.domain.policy_words import compare_policies, policy_sentence
from scoring.models import PolicyRelease, PolicyVersion
from scoring.services.policies import policy_draft

WORDS = "Policy"


def policy_settings() -> Any:
    """The thresholds of the live policy; None before the first."""
    newest = PolicyRelease.objects.select_related("live").first()
    return newest.live.thresholds if newest and newest.live else None


def policy_change(told: Any) -> Change:
    """Beside the live policy. What is live, or was drafted last, is not drafted again; {} says nothing."""
    live, drafted = policy_settings(), PolicyVersion.objects.values_list("thresholds", flat=True).first()
    after = policy_from(0, told)
    if live is None:
        return Change(UNCHANGED if told in ({}, drafted) else ADDED, WORDS, after=policy_sentence(after))
    before = policy_from(0, live)
    kind = UNCHANGED if told in ({}, live, drafted) else CHANGED
    lines = tuple(compare_policies(before, after)) if kind == CHANGED else ()
    return Change(kind, WORDS, policy_sentence(before), policy_sentence(after), lines)


def policy_from_file(actor: str, told: Any, now: datetime) -> PolicyVersion:
    """A draft, as if somebody had typed it."""
    return policy_draft(actor=actor, thresholds=told, note="From a file", now=now)


def register() -> None:
    SETTINGS["policy"] = Settings(
        WORDS,
        "scoring.add_policyversion",
        read=policy_settings,
        errors=policy_errors,
        change=policy_change,
        draft=policy_from_file,
    )
