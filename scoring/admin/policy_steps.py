"""The steps of a policy's way: what each says, asks for, and calls. One page serves all of them, as for rules."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django import forms
from django.db import transaction
from kombu.exceptions import OperationalError

from rules.admin.steps import AskForm, BreakGlassForm, MoveForm, ReasonForm, StartForm, StepForm
from rules.domain.stages import Stage
from rules.errors import StepNotPossible
from scoring.models import PolicyRequest, PolicyVersion
from scoring.models.policy import EMERGENCY_HOURS_MAX
from scoring.selectors.policies import policy_request_open
from scoring.services.policies import policy_trial_stop
from scoring.services.policy_approvals import policy_approve, policy_ask, policy_move, policy_refuse, policy_withdraw
from scoring.services.policy_break_glass import policy_glass_break
from scoring.services.policy_simulations import DAYS_MAX, policy_simulation_ask, policy_simulation_give_up
from scoring.tasks import policy_simulate

_STARTS = (
    (Stage.SHADOW.value, "Shadow: it is compared with the live policy and changes no decision"),
    (Stage.CANARY.value, "Canary: it decides for a stable share of the accounts"),
    (Stage.LIVE.value, "Live: it decides for every account"),
)


class PolicyStartForm(StartForm):
    stage = forms.ChoiceField(
        label="It starts as", choices=_STARTS, initial=Stage.SHADOW.value, widget=forms.RadioSelect
    )


class PolicyMoveForm(MoveForm):
    stage = forms.ChoiceField(label="It goes to", choices=_STARTS, widget=forms.RadioSelect)


class SimulateForm(StepForm):
    days = forms.IntegerField(label="Over the last days", min_value=1, max_value=DAYS_MAX, initial=30)


@dataclass(frozen=True, slots=True)
class PolicyStep:
    """`act` calls one service with the version and the valid form."""

    title: str
    explanation: str
    button: str
    done: str
    permission: str
    form: type[StepForm]
    act: Callable[[str, PolicyVersion, Any, datetime], object]
    is_dangerous: bool = False


def _simulate(actor: str, version: PolicyVersion, form: Any, now: datetime) -> None:
    with transaction.atomic():
        simulation = policy_simulation_ask(actor=actor, version=version, days=form.cleaned_data["days"], now=now)
    try:
        policy_simulate.delay(simulation.pk)
    except OperationalError as error:
        policy_simulation_give_up(simulation=simulation, now=now)
        raise StepNotPossible(
            "The worker cannot be reached, so nothing was simulated. Try again, or tell an operator."
        ) from error


def _request(version: PolicyVersion) -> PolicyRequest:
    """The open request; else the last one, of which the service says what became of it. Errors: StepNotPossible."""
    asked = policy_request_open(version) or version.requests.order_by("-id").first()
    if asked is None:
        raise StepNotPossible("Nobody has asked for anything.")
    return asked


STEPS: dict[str, PolicyStep] = {
    "simulate": PolicyStep(
        "Simulate {policy}",
        "What would it have done? Counted from the scores that were stored with past payments, beside the live"
        " policy.",
        "Simulate",
        "The simulation is under way. Its figures appear here.",
        "add_policyversion",
        SimulateForm,
        _simulate,
    ),
    "ask": PolicyStep(
        "Ask for approval of {policy}",
        "A colleague decides whether it is published. It decides nothing until then.",
        "Ask for approval",
        "A colleague can decide now.",
        "add_policyversion",
        AskForm,
        lambda actor, version, form, now: policy_ask(
            actor=actor, version=version, note=form.cleaned_data["note"], now=now
        ),
    ),
    "withdraw": PolicyStep(
        "Withdraw the request on {policy}",
        "Nobody is asked to decide any more. You can ask again at any time.",
        "Withdraw",
        "The request is withdrawn.",
        "add_policyversion",
        StepForm,
        lambda actor, version, form, now: policy_withdraw(actor=actor, request=_request(version), now=now),
    ),
    "approve": PolicyStep(
        "Approve and publish {policy}",
        "You are the second person. It takes part as soon as you say so; every web process follows within a second.",
        "Approve and publish",
        "Published.",
        "publish_policy",
        PolicyStartForm,
        lambda actor, version, form, now: policy_approve(
            actor=actor, request=_request(version), start=form.start(), note=form.cleaned_data["note"], now=now
        ),
    ),
    "refuse": PolicyStep(
        "Refuse the request on {policy}",
        "Nothing changes. The author reads why.",
        "Refuse",
        "The request is refused.",
        "publish_policy",
        ReasonForm,
        lambda actor, version, form, now: policy_refuse(
            actor=actor, request=_request(version), note=form.cleaned_data["note"], now=now
        ),
    ),
    "move": PolicyStep(
        "Move {policy}",
        "The approved version goes to another stage. Going back raises an alarm that everybody sees.",
        "Move it",
        "Moved.",
        "publish_policy",
        PolicyMoveForm,
        lambda actor, version, form, now: policy_move(
            actor=actor, version=version, start=form.start(), note=form.cleaned_data["note"], now=now
        ),
    ),
    "stop-trial": PolicyStep(
        "Take {policy} off trial",
        "It decides nothing any more, and is not counted either. What is live goes on.",
        "Take it off trial",
        "It is off trial.",
        "publish_policy",
        ReasonForm,
        lambda actor, version, form, now: policy_trial_stop(
            actor=actor, version=version, note=form.cleaned_data["note"], now=now
        ),
    ),
    "break-glass": PolicyStep(
        "Break the glass for {policy}",
        f"It decides for every account at once, without a second person, for at most {EMERGENCY_HOURS_MAX} hours. It"
        " must be at least as strict as what decides now, everybody sees the alarm, and it ends by itself.",
        "Break the glass",
        "It decides now. An alarm tells everybody.",
        "break_glass_policy",
        BreakGlassForm,
        lambda actor, version, form, now: policy_glass_break(
            actor=actor,
            version=version,
            hours=form.cleaned_data["hours"],
            reason=form.cleaned_data["note"],
            now=now,
        ),
        is_dangerous=True,
    ),
}
