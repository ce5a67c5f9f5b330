"""The steps of a rule's way: what each says, asks for, and calls. One page serves all of them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, time
from typing import Any

from django import forms
from django.utils import timezone

from ledger.admin.card_numbers import NoCardNumbers
from rules.domain.stages import SHARE_PERCENT_MAX, Stage
from rules.errors import StepNotPossible
from rules.models import ApprovalRequest, Rule, RulesetMember, RulesetVersion
from rules.services.approvals import (
    Start,
    publishing_ask,
    request_approve,
    request_refuse,
    request_withdraw,
    retiring_ask,
    rule_move,
)
from rules.services.break_glass import HOURS_MAX, glass_break
from rules.services.snoozes import rule_snooze

Cleaned = Mapping[str, Any]

_STARTS = (
    (Stage.SHADOW.value, "Shadow: its hits are noted and change no decision"),
    (Stage.CANARY.value, "Canary: it decides for a stable share of the accounts"),
    (Stage.LIVE.value, "Live: it decides for every account"),
)


def _note(label: str, *, required: bool = True, help_text: str = "It is kept for ever.") -> forms.CharField:
    return forms.CharField(
        label=label,
        required=required,
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=help_text,
    )


class StepForm(NoCardNumbers, forms.Form):
    pass


class AskForm(StepForm):
    note = _note("For your colleague", required=False, help_text="Why the rule is needed. It is kept for ever.")


class ReasonForm(StepForm):
    note = _note("Why")


class StartForm(StepForm):
    stage = forms.ChoiceField(
        label="It starts as", choices=_STARTS, initial=Stage.SHADOW.value, widget=forms.RadioSelect
    )
    share_percent = forms.IntegerField(
        label="The canary's share of the accounts, in per cent",
        required=False,
        min_value=1,
        max_value=SHARE_PERCENT_MAX,
        help_text="For a canary only, for example 10.",
    )
    note = _note("Note", required=False)

    def start(self) -> Start:
        stage = Stage(self.cleaned_data["stage"])
        return Start(stage, self.cleaned_data["share_percent"] if stage is Stage.CANARY else None)


class MoveForm(StartForm):
    note = _note("Why")


class BreakGlassForm(StepForm):
    hours = forms.IntegerField(label="For how many hours", min_value=1, max_value=HOURS_MAX, initial=4)
    note = _note("What is happening")


class SnoozeForm(StepForm):
    account_id = forms.CharField(label="Account", max_length=64)
    until = forms.DateField(
        label="Until the end of", widget=forms.DateInput(attrs={"type": "date"}), help_text="A day, in UTC."
    )
    note = _note("Why")

    def until_moment(self) -> datetime:
        return datetime.combine(self.cleaned_data["until"], time.max, tzinfo=timezone.get_default_timezone())


@dataclass(frozen=True, slots=True)
class Step:
    """`act` calls one service with the rule and the valid form."""

    title: str
    explanation: str
    button: str
    done: str
    permission: str
    form: type[StepForm]
    act: Callable[[str, Rule, Any, datetime], object]
    is_dangerous: bool = False


def open_request(rule: Rule) -> ApprovalRequest | None:
    return rule.requests.filter(state=ApprovalRequest.State.OPEN).select_related("version").first()


def members_now(rule: Rule) -> list[RulesetMember]:
    """The versions of a rule that take part in decisions, a trial first."""
    current = RulesetVersion.objects.first()
    members = RulesetMember.objects.filter(ruleset=current, rule=rule).select_related("version__rule")
    return sorted(members, key=lambda member: member.stage == Stage.LIVE)


def _approve(actor: str, rule: Rule, form: Any, now: datetime) -> object:
    start = form.start() if isinstance(form, StartForm) else None
    return request_approve(actor=actor, request=_request(rule), start=start, note=form.cleaned_data["note"], now=now)


def _request(rule: Rule) -> ApprovalRequest:
    """The open request; else the last one, of which the service says what became of it. Errors: StepNotPossible."""
    asked = open_request(rule) or rule.requests.order_by("-id").first()
    if asked is None:
        raise StepNotPossible("Nobody has asked for anything.")
    return asked


STEPS: dict[str, Step] = {
    "ask": Step(
        "Ask for approval of {rule}",
        "A colleague decides whether the latest version is published. It decides nothing until then.",
        "Ask for approval",
        "A colleague can decide now.",
        "change_rule",
        AskForm,
        lambda actor, rule, form, now: publishing_ask(
            actor=actor, rule=rule, note=form.cleaned_data["note"], now=now
        ),
    ),
    "retire": Step(
        "Ask to retire {rule}",
        "A colleague decides whether the rule is taken out. It decides as before until then.",
        "Ask to retire it",
        "A colleague can decide now.",
        "change_rule",
        ReasonForm,
        lambda actor, rule, form, now: retiring_ask(actor=actor, rule=rule, note=form.cleaned_data["note"], now=now),
    ),
    "withdraw": Step(
        "Withdraw the request on {rule}",
        "Nobody is asked to decide any more. You can ask again at any time.",
        "Withdraw",
        "The request is withdrawn.",
        "change_rule",
        StepForm,
        lambda actor, rule, form, now: request_withdraw(actor=actor, request=_request(rule), now=now),
    ),
    "approve": Step(
        "Approve and publish {rule}",
        "You are the second person. The rule takes part in decisions as soon as you say so; every web process follows"
        " within a second.",
        "Approve and publish",
        "Published.",
        "publish_rule",
        StartForm,
        _approve,
    ),
    "approve-retirement": Step(
        "Retire {rule}",
        "You are the second person. The rule is taken out of every decision from now on.",
        "Retire it",
        "Retired.",
        "publish_rule",
        ReasonForm,
        _approve,
        is_dangerous=True,
    ),
    "refuse": Step(
        "Refuse the request on {rule}",
        "Nothing changes. The author reads why.",
        "Refuse",
        "The request is refused.",
        "publish_rule",
        ReasonForm,
        lambda actor, rule, form, now: request_refuse(
            actor=actor, request=_request(rule), note=form.cleaned_data["note"], now=now
        ),
    ),
    "move": Step(
        "Move {rule}",
        "The approved version goes on, or back, to another stage. Going back raises an alarm that everybody sees.",
        "Move it",
        "Moved.",
        "publish_rule",
        MoveForm,
        lambda actor, rule, form, now: rule_move(
            actor=actor,
            version=members_now(rule)[0].version,
            start=form.start(),
            note=form.cleaned_data["note"],
            now=now,
        ),
    ),
    "break-glass": Step(
        "Break the glass for {rule}",
        f"The latest version decides at once, without a second person, for at most {HOURS_MAX} hours. Only a rule"
        " that reviews or declines may do so, everybody sees the alarm, and it ends by itself.",
        "Break the glass",
        "The rule decides now. An alarm tells everybody.",
        "break_glass_rule",
        BreakGlassForm,
        lambda actor, rule, form, now: glass_break(
            actor=actor, rule=rule, hours=form.cleaned_data["hours"], reason=form.cleaned_data["note"], now=now
        ),
        is_dangerous=True,
    ),
    "snooze": Step(
        "Snooze {rule} for one account",
        "The rule leaves this account alone until the day you choose. Its hits are still noted.",
        "Snooze it",
        "Snoozed.",
        "add_rulesnooze",
        SnoozeForm,
        lambda actor, rule, form, now: rule_snooze(
            actor=actor,
            rule=rule,
            account_id=form.cleaned_data["account_id"],
            until=form.until_moment(),
            reason=form.cleaned_data["note"],
            now=now,
        ),
    ),
}
