"""The steps of a model's way: what each says, asks for, and calls. One page serves all of them, as for policies."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django import forms
from django.db import transaction
from kombu.exceptions import OperationalError

from rules.admin.steps import ReasonForm, StepForm
from rules.errors import StepNotPossible
from scoring.models import ModelVersion
from scoring.selectors.registry import Standing, model_standing
from scoring.services.evaluation_runs import UNREACHABLE, evaluation_ask, evaluation_give_up
from scoring.services.promotions import model_challenge, model_promote, model_retire, model_roll_back
from scoring.tasks import evaluation_run

_State = ModelVersion.State


class PromoteForm(StepForm):
    """`evaluation` is the one that was shown: what came in meanwhile was not seen by whoever promotes."""

    evaluation = forms.IntegerField(required=False, widget=forms.HiddenInput)


@dataclass(frozen=True, slots=True)
class ModelStep:
    """`act` calls one service with the model and the valid form."""

    title: str
    explanation: str
    button: str
    done: str
    permission: str
    form: type[StepForm]
    act: Callable[[str, ModelVersion, Any, datetime], object]
    is_dangerous: bool = False


def steps_possible(model: ModelVersion, standing: Standing, user: Any) -> list[tuple[str, str, str]]:
    """Name, words and style of the steps this person can take now, the next one first."""
    may, may_override = user.has_perm("scoring.promote_modelversion"), user.has_perm("scoring.override_gate")
    is_champion, is_past = model.state == _State.CHAMPION, model.state == _State.RETIRED
    is_put_forward = model.state in (_State.CANDIDATE, _State.CHALLENGER)
    beside = not is_champion and standing.champion is not None
    is_next = is_put_forward and not standing.evaluation
    possible = [
        ("promote", "Promote…", "plain" if is_past else "", may and not is_champion and standing.passed),
        (
            "evaluate",
            "Evaluate beside the champion…",
            "" if is_next else "plain",
            may and beside and model.is_recorded and not standing.is_under_way,
        ),
        ("challenge", "Let it challenge…", "plain", may and model.is_recorded and model.state == _State.CANDIDATE),
        ("roll-back", "Roll back…", "plain", may and is_champion and standing.before is not None),
        ("retire", "Retire…", "plain", may and is_put_forward),
        ("override", "Promote all the same…", "plain", may_override and beside and not standing.passed),
    ]
    return [(step, words, style) for step, words, style, is_possible in possible if is_possible]


def _evaluate(actor: str, model: ModelVersion, form: Any, now: datetime) -> None:
    with transaction.atomic():
        run = evaluation_ask(actor=actor, model=model, now=now)
    try:
        evaluation_run.delay(run.pk)
    except OperationalError as error:
        evaluation_give_up(run=run, now=now)
        raise StepNotPossible(UNREACHABLE) from error


def _promote(actor: str, model: ModelVersion, form: Any, now: datetime) -> None:
    evaluation = model_standing(model, now).evaluation
    if evaluation and evaluation.pk != form.cleaned_data["evaluation"]:
        raise StepNotPossible("It was evaluated again meanwhile. Look at what the gate says now.")
    model_promote(version=model.version, actor=actor, now=now, evaluation=evaluation)


def _override(actor: str, model: ModelVersion, form: Any, now: datetime) -> None:
    standing = model_standing(model, now)
    if standing.passed:
        raise StepNotPossible("The gate lets it pass, so there is nothing to overrule. Promote it.")
    model_promote(
        version=model.version,
        actor=actor,
        now=now,
        evaluation=standing.evaluation,
        override_reason=form.cleaned_data["note"],
    )


STEPS: dict[str, ModelStep] = {
    "challenge": ModelStep(
        "Let {model} challenge",
        "From now on it scores live payments beside the champion, and decides none of them. Its scores are kept.",
        "Let it challenge",
        "It challenges the champion now.",
        "promote_modelversion",
        StepForm,
        lambda actor, model, form, now: model_challenge(version=model.version, actor=actor, now=now),
    ),
    "evaluate": ModelStep(
        "Evaluate {model} beside the champion",
        "A worker measures both on the same payments: later than what either learned from, and old enough for their"
        " labels to have arrived. What the gate says of it is kept for ever. Nothing is promoted by it.",
        "Evaluate",
        "The evaluation is under way. What the gate says appears here.",
        "promote_modelversion",
        StepForm,
        _evaluate,
    ),
    "promote": ModelStep(
        "Promote {model}",
        "It decides from now on; every web process follows within a second. Your name is kept with it.",
        "Promote",
        "It is the champion now.",
        "promote_modelversion",
        PromoteForm,
        _promote,
    ),
    "override": ModelStep(
        "Promote {model} all the same",
        "The gate does not let it pass. You overrule the gate and answer for what this model decides: your name and"
        " your reason are kept for ever.",
        "Promote all the same",
        "It is the champion now, against the gate.",
        "override_gate",
        ReasonForm,
        _override,
        is_dangerous=True,
    ),
    "roll-back": ModelStep(
        "Roll back from {model}",
        "The model that it replaced decides again; every web process follows within a second. What was decided stays"
        " as it was.",
        "Roll back",
        "Rolled back.",
        "promote_modelversion",
        StepForm,
        lambda actor, model, form, now: model_roll_back(
            actor=actor, now=now, champion=model.version, family=model.family
        ),
        is_dangerous=True,
    ),
    "retire": ModelStep(
        "Retire {model}",
        "It is put away and scores nothing any more. It stays in the registry with all that was measured of it.",
        "Retire",
        "It is retired.",
        "promote_modelversion",
        StepForm,
        lambda actor, model, form, now: model_retire(version=model.version, actor=actor, now=now),
    ),
}
