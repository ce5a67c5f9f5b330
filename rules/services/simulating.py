"""The work of one simulation, in a worker: reads the past in chunks, counts, and says how far it is."""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from rules.domain.definitions import RuleDefinition
from rules.domain.expressions import fields_used, lists_used
from rules.domain.simulation import RuleSimulation, Span
from rules.models import Simulation
from rules.selectors import rule_definition, rules_live
from rules.services.simulations import maturity_days, simulation_claim, simulation_finish, simulation_progress
from rules.simulation.lists import list_histories
from rules.simulation.reading import can_read, read_past, rows_estimated
from sentinel.core.catalogue import BY_NAME

PROGRESS_EVERY = timedelta(seconds=1)

_logger = logging.getLogger(__name__)


class _NotKept(Exception):
    """The rule asks for what the past does not keep. The message is for the analyst."""


class _Stopped(Exception):
    """A person asked for it, or another worker took over."""


def simulation_run(*, simulation_id: int, clock: Callable[[], datetime]) -> bool:
    """True when it was this call that ran it. However it ends, the row says how."""
    simulation = simulation_claim(simulation_id=simulation_id, now=clock())
    if simulation is None:
        return False
    try:
        result = _simulate(simulation, clock)
    except _Stopped:
        simulation_finish(simulation=simulation, now=clock())
    except _NotKept as error:
        simulation_finish(simulation=simulation, error=str(error), now=clock())
    except Exception:
        _logger.exception("simulation %s failed", simulation_id)
        words = "Something went wrong inside. An operator finds the cause in the worker's log; try again afterwards."
        simulation_finish(simulation=simulation, error=words, now=clock())
    else:
        simulation_finish(simulation=simulation, result=result, now=clock())
    return True


def _simulate(simulation: Simulation, clock: Callable[[], datetime]) -> dict[str, object]:
    rule = rule_definition(simulation.version)
    if not_kept := sorted(_not_kept(rule)):
        raise _NotKept(f"Past payments do not keep {', '.join(BY_NAME[name].words for name in not_kept)}.")
    ruleset, published, unreadable = rules_live(clock())
    live = [each for each in published if not _not_kept(each)]
    span = Span.of_days(simulation.days, until=simulation.span_end, maturity_days=maturity_days())
    counted = RuleSimulation(rule, live, list_histories(_lists_of([rule, *live])), span)
    simulation.rows_estimated = rows_estimated(span)
    rows_done, told_at = 0, clock()
    for read in read_past(_fields_of([rule, *live]), span):
        counted.add(read.chunk)
        rows_done += read.rows
        if (now := clock()) - told_at >= PROGRESS_EVERY:
            told_at = now
            if not simulation_progress(simulation=simulation, rows_done=rows_done, now=now):
                raise _Stopped
    return {
        **counted.result(),
        "ruleset": ruleset,
        "unreadable": [
            *(failure.code for failure in unreadable),
            *(each.code for each in published if _not_kept(each)),
        ],
    }


def _not_kept(rule: RuleDefinition) -> set[str]:
    return {name for name in fields_used(rule.expression) if not can_read(name)}


def _fields_of(rules: list[RuleDefinition]) -> frozenset[str]:
    return frozenset[str]().union(*(fields_used(rule.expression) for rule in rules))


def _lists_of(rules: list[RuleDefinition]) -> frozenset[str]:
    return frozenset[str]().union(*(lists_used(rule.expression) for rule in rules))
