"""Which model decides: promotions past the gate, the way back, and challengers. Every step is in the audit trail.

Everything here locks every row of the registry in the order of id, so that two steps follow each other.
"""

from datetime import datetime

from django.contrib.auth import get_user_model
from django.db import transaction

from ledger.services.audit import audit_record
from ledger.services.card_numbers import card_numbers_refuse
from scoring.domain.family_names import CARD_NAME
from scoring.domain.policy import SCORE_WORDS
from scoring.models import ModelEvaluation, ModelPromotion, ModelVersion
from scoring.selectors.models import model_load
from scoring.selectors.policies import release_current
from scoring.services.policies import policies_deciding
from sentinel.core.errors import Conflict, NotFound, NotPermitted
from sentinel.ops.epochs import CONFIGURATION, epoch_touch

State = ModelVersion.State


class AlreadyChampion(Conflict):
    """The model to promote is the champion already. Nothing was changed."""

    code = "already_champion"
    title = "This model is the champion already"


class PolicyMissing(Conflict):
    """The live policy has no threshold on the score this kind of model gives. Nothing was changed."""

    code = "policy_missing"
    title = "There is no live policy for a model of this kind"


class GateClosed(Conflict):
    """The gate has not let the model pass beside the present champion. Nothing was changed."""

    code = "gate_closed"
    title = "The gate has not let this model pass"


class NotAllowed(NotPermitted):
    """The person may not do that. Nothing was changed."""

    code = "not_allowed"
    title = "This person may not do that"


class WrongState(Conflict):
    """The step does not fit where the model is. Nothing was changed."""

    code = "wrong_model_state"
    title = "That is not possible with this model now"


@transaction.atomic
def model_promote(
    *, version: str, actor: str, now: datetime, evaluation: ModelEvaluation | None = None, override_reason: str = ""
) -> ModelVersion:
    """Makes a registered model its family's champion and retires the one before; processes follow within a second.

    Without a champion any model may become one. After that the gate must have let it pass beside the champion
    (`evaluation`), or `override_reason` says why somebody answers for it.
    Errors: NotFound, AlreadyChampion, GateClosed, PolicyMissing when the champion is of another kind and the policies
    that decide were not written for this one, ArtefactError when its files cannot serve; the champion stays then.
    """
    card_numbers_refuse(override_reason=override_reason)
    row, champion = _locked(version)
    if champion is not None and not override_reason:
        _refuse_at_gate(row, champion, evaluation)
    return _make_champion(
        row, champion, actor, now, evaluation=evaluation, override_reason=override_reason, action="model.promoted"
    )


@transaction.atomic
def model_roll_back(
    *, actor: str, now: datetime, champion: str | None = None, family: str = CARD_NAME
) -> ModelVersion:
    """The model that the family's present champion replaced decides again. `champion`: the one to roll back from,
    when whoever asks has seen which it is.

    Errors: NotFound when there was none, WrongState when another one decides by now, and those of `model_promote` but
    for the gate's.
    """
    newest = ModelPromotion.objects.select_related("replaced").filter(model__family=family).first()
    if newest is None or newest.replaced is None:
        raise NotFound("No model was the champion before this one.")
    row, deciding = _locked(newest.replaced.version)
    if champion is not None and (deciding is None or deciding.version != champion):
        raise WrongState(f"{champion} is not the champion any more. Look at what decides now.")
    return _make_champion(row, deciding, actor, now, is_roll_back=True, action="model.rolled_back")


@transaction.atomic
def model_challenge(*, version: str, actor: str, now: datetime) -> ModelVersion:
    """From now on the model scores live payments beside the champion, and decides none. Errors: NotFound, WrongState,
    ArtefactError.
    """
    row, _ = _locked(version)
    if not row.is_recorded:
        raise WrongState(f"{version} reads payments that are not recorded, so it cannot score them beside another.")
    if row.state != State.CANDIDATE:
        raise WrongState(f"{version} is {row.state}; only a candidate becomes a challenger.")
    model_load(row)
    return _move(row, State.CHALLENGER, actor, now, "model.challenges")


@transaction.atomic
def model_retire(*, version: str, actor: str, now: datetime) -> ModelVersion:
    """A candidate or challenger is put away. Errors: NotFound, WrongState."""
    row, _ = _locked(version)
    if row.state not in (State.CANDIDATE, State.CHALLENGER):
        raise WrongState(f"{version} is {row.state}; only a candidate or challenger can be retired.")
    return _move(row, State.RETIRED, actor, now, "model.retired")


def model_promote_by_name(*, version: str, username: str, now: datetime, override_reason: str = "") -> ModelVersion:
    """As `model_promote`, by a person's log-in, with the newest evaluation beside the present champion.

    Errors: NotAllowed as well.
    """
    _refuse_person(username, "promote_modelversion", *(["override_gate"] if override_reason else []))
    evaluation = ModelEvaluation.objects.filter(model__version=version, champion__state=State.CHAMPION).first()
    return model_promote(
        version=version, actor=username, now=now, evaluation=evaluation, override_reason=override_reason
    )


def model_roll_back_by_name(*, username: str, now: datetime, family: str = CARD_NAME) -> ModelVersion:
    """As `model_roll_back`, by a person's log-in. Errors: NotAllowed as well."""
    _refuse_person(username, "promote_modelversion")
    return model_roll_back(actor=username, now=now, family=family)


def _refuse_person(username: str, *permissions: str) -> None:
    person = get_user_model().objects.filter(username=username, is_active=True).first()
    if person is None or not person.has_perms([f"scoring.{permission}" for permission in permissions]):
        raise NotAllowed(f"There is no log-in {username} that may {' and '.join(permissions)}.")


def _locked(version: str) -> tuple[ModelVersion, ModelVersion | None]:
    """The model of that version, and the champion of its family."""
    rows = {row.version: row for row in ModelVersion.objects.select_for_update().order_by("id")}
    if version not in rows:
        raise NotFound(f"There is no model {version}.")
    wanted = rows[version]
    of_family = (row for row in rows.values() if row.family == wanted.family)
    return wanted, next((row for row in of_family if row.state == State.CHAMPION), None)


def _refuse_at_gate(row: ModelVersion, champion: ModelVersion, evaluation: ModelEvaluation | None) -> None:
    if row == champion:
        return  # that is told by itself
    if evaluation is None or (evaluation.model_id, evaluation.champion_id) != (row.pk, champion.pk):
        raise GateClosed(f"{row.version} was not evaluated beside {champion.version}. Evaluate it first.")
    if not evaluation.passed:
        refused = [line["words"] for line in evaluation.lines if not line["passed"]]
        raise GateClosed(f"{row.version} was refused: {' '.join(refused)}")


def _make_champion(
    row: ModelVersion,
    champion: ModelVersion | None,
    actor: str,
    now: datetime,
    *,
    action: str,
    evaluation: ModelEvaluation | None = None,
    override_reason: str = "",
    is_roll_back: bool = False,
) -> ModelVersion:
    if row == champion:
        raise AlreadyChampion(f"{row.version} is the champion already.")
    _refuse_without_policy(row, champion, now)
    model_load(row)
    ModelPromotion.objects.create(
        model=row,
        replaced=champion,
        evaluation=evaluation,
        is_roll_back=is_roll_back,
        override_reason=override_reason,
        promoted_by=actor,
        promoted_at=now,
    )
    if champion is not None:
        champion.state = State.RETIRED
        champion.save(update_fields=("state",))
    transaction.on_commit(lambda: epoch_touch(CONFIGURATION))
    replaced = champion.version if champion else None
    return _move(row, State.CHAMPION, actor, now, action, replaced=replaced, override_reason=override_reason)


def _move(
    row: ModelVersion, state: ModelVersion.State, actor: str, now: datetime, action: str, **details: str | None
) -> ModelVersion:
    row.state = state
    row.save(update_fields=("state",))
    audit_record(actor=actor, action=action, subject=f"model {row.version}", details=details, now=now)
    return row


def _refuse_without_policy(row: ModelVersion, champion: ModelVersion | None, now: datetime) -> None:
    """The scores of two kinds of model do not mean the same, so neither do thresholds on them."""
    if champion is None or champion.is_supervised == row.is_supervised:
        return
    score = "probability" if row.is_supervised else "percentile"
    for policy in policies_deciding(release_current(now)):
        if policy.base.names(score):
            continue
        words = f"{row.version} is of another kind than the champion, and policy {policy.version}, which decides now,"
        raise PolicyMissing(
            f"{words} has no threshold on the {SCORE_WORDS[score]}. Publish a policy that has, first."
        )
