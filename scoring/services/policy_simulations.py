"""What a policy would have done: asked for on its page, counted by a worker, kept with the version."""

import logging
from datetime import datetime, timedelta

from django.db import transaction

from rules.errors import StepNotPossible
from scoring.domain.policy import Policy
from scoring.domain.policy_figures import Counts, figures
from scoring.models import PolicyRelease, PolicySimulation, PolicyVersion
from scoring.selectors.policies import policy_read, release_current
from scoring.selectors.policy_figures import SLICES, Period, counts_read, probabilities_exist
from scoring.services.policies import policy_audit
from sentinel.core.errors import FieldError, InvalidRequest

DAYS_MAX = 365
# A run that said nothing for so long has died with its worker.
STALE_AFTER = timedelta(minutes=10)
_State = PolicySimulation.State
_UNFINISHED = (_State.WAITING, _State.RUNNING)
_logger = logging.getLogger(__name__)


@transaction.atomic
def policy_simulation_ask(*, actor: str, version: PolicyVersion, days: int, now: datetime) -> PolicySimulation:
    """A simulation over the last days, for a worker to run. Errors: InvalidRequest, StepNotPossible."""
    if not 1 <= days <= DAYS_MAX:
        words = f"Choose 1 to {DAYS_MAX} days."
        raise InvalidRequest(words, errors=[FieldError("days", "out_of_range", words)])
    fresh = version.simulations.filter(state__in=_UNFINISHED, asked_at__gt=now - STALE_AFTER)
    if fresh.exists():
        raise StepNotPossible("A simulation of this version is under way. Wait for it to finish.")
    policy_audit(actor, "policy.simulated", version.number, now, note=f"{days} days")
    return _make(actor, version, now - timedelta(days=days), now)


def policy_trial_measure(*, now: datetime) -> PolicySimulation | None:
    """How the version on trial did beside the live one since its trial began; None without a trial."""
    release = release_current(now)
    began_at = _trial_began_at(release.trial) if release.trial else None
    if release.trial is None or began_at is None or began_at >= now:
        return None
    version = PolicyVersion.objects.get(number=release.trial)
    simulation = _make("trial", version, began_at, now, is_of_trial=True)
    policy_simulation_run(simulation=simulation, now=now)
    return simulation


def policy_simulation_run(*, simulation: PolicySimulation, now: datetime) -> None:
    """Counts slice by slice and says how far it is. A failure is kept with the simulation, in words, and raised."""
    simulation.state = _State.RUNNING
    simulation.save(update_fields=("state",))
    try:
        simulation.figures = _figures(simulation, now)
    except Exception:
        _logger.exception("simulation %s failed", simulation.pk)
        simulation.state, simulation.failure = _State.FAILED, "The figures could not be counted. Simulate it again."
        simulation.finished_at = now
        simulation.save(update_fields=("state", "failure", "finished_at"))
        raise
    simulation.state, simulation.done_percent, simulation.finished_at = _State.DONE, 100, now
    simulation.save(update_fields=("state", "done_percent", "figures", "finished_at"))


def policy_simulation_give_up(*, simulation: PolicySimulation, now: datetime) -> None:
    """No worker could be told of it."""
    simulation.state, simulation.finished_at = _State.FAILED, now
    simulation.failure = "The worker could not be reached. Simulate it again."
    simulation.save(update_fields=("state", "failure", "finished_at"))


def _make(
    actor: str, version: PolicyVersion, first_at: datetime, now: datetime, *, is_of_trial: bool = False
) -> PolicySimulation:
    return PolicySimulation.objects.create(
        version=version,
        compared_with=release_current(now).live or 0,
        first_at=first_at,
        until=now,
        is_of_trial=is_of_trial,
        asked_by=actor,
        asked_at=now,
    )


def _figures(simulation: PolicySimulation, now: datetime) -> dict[str, object]:
    before, after = policy_read(simulation.compared_with), policy_read(simulation.version_id)
    period = Period(simulation.first_at, simulation.until)
    score = _main_score(after, period)
    counts = Counts.none()
    for done in counts_read(before=before, after=after, score=score, period=period, now=now, into=counts):
        # Outside the database transaction of a slice, so that the page sees it.
        PolicySimulation.objects.filter(pk=simulation.pk).update(done_percent=95 * done // SLICES)
    return figures(counts, days=_days(period, counts), score=score, threshold=getattr(after, f"review_{score}"))


def _main_score(policy: Policy, period: Period) -> str:
    """The score whose review threshold is worth moving: the probability where the policy and the payments know it."""
    uses_probability = policy.review_probability is not None or policy.decline_probability is not None
    return "probability" if uses_probability and probabilities_exist(period) else "percentile"


def _days(period: Period, counts: Counts) -> float:
    """From the first payment on, so that a young bank's reviews are not spread over a month; at least one."""
    return max(1.0, (period.until - (counts.first_at or period.until)) / timedelta(days=1))


def _trial_began_at(number: int) -> datetime | None:
    """When the newest unbroken run of releases with this version on trial began."""
    began_at = None
    for release in PolicyRelease.objects.iterator(chunk_size=100):
        if release.trial_id != number:
            break
        began_at = release.published_at
    return began_at
