"""Challengers score live payments after they were decided, from the snapshots that the champion saw.

A score is a function of the snapshot alone, so it is the one that a challenger would have given at once, and no
payment waits for it. Each counts on from where it was, to where every payment that will be recorded can be seen.
"""

import logging
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection, transaction

from ledger.selectors.settled import settled_until
from scoring.domain.family_names import CARD_NAME
from scoring.models import ChallengerScore, ModelVersion
from scoring.selectors.models import model_load
from scoring.serving.champion import Champion
from scoring.serving.errors import ArtefactError
from sentinel.core.ids import first_uuid7_at

ROWS_AT_ONCE = 2000
ROWS_A_RUN = 100_000  # what one run leaves, the next takes

_NEXT = """
SELECT t.id, d.snapshot FROM ledger_transaction t
JOIN ledger_decision d ON d.transaction_id = t.id AND d.account_id = t.account_id
    AND d.transaction_id > %(after)s AND d.transaction_id < %(until)s
WHERE t.id > %(after)s AND t.id < %(until)s AND t.livemode AND t.transaction_type <> 'top_up'
ORDER BY t.id LIMIT %(rows)s
"""

Decided = list[tuple[UUID, bytes]]

_logger = logging.getLogger(__name__)


def challengers_score(*, now: datetime) -> int:
    """How many scores were added, of all challengers."""
    until = first_uuid7_at(int(settled_until(now).timestamp() * 1000))
    challengers = ModelVersion.objects.filter(state=ModelVersion.State.CHALLENGER, family=CARD_NAME)
    return sum(_score_on(row, until) for row in challengers)


def _score_on(row: ModelVersion, until: UUID) -> int:
    """One that cannot be loaded does not stop the others."""
    count = 0
    try:
        model = model_load(row)
    except ArtefactError as error:
        _logger.error("the challenger %s cannot be used: %s", row.version, error)
        return 0
    while count < ROWS_A_RUN and (scored := _score_some(row, model, until)):
        count += scored
    return count


@transaction.atomic
def _score_some(row: ModelVersion, model: Champion, until: UUID) -> int:
    """Under the lock of the model's row, so that two workers do not score the same payments."""
    ModelVersion.objects.select_for_update().get(pk=row.pk)
    decided = _decided(_scored_until(row), until)
    scores: list[ChallengerScore] = []
    for width in sorted({len(snapshot) for _, snapshot in decided}):  # each of one catalogue version
        group = [(each, snapshot) for each, snapshot in decided if len(snapshot) == width]
        for (transaction_id, _), score in zip(group, model.score([snapshot for _, snapshot in group]), strict=True):
            scores.append(
                ChallengerScore(
                    transaction_id=transaction_id,
                    model=row,
                    fraud_probability=score.fraud_probability,
                    score_percentile=score.score_percentile,
                )
            )
    ChallengerScore.objects.bulk_create(scores)
    return len(scores)


def _scored_until(row: ModelVersion) -> UUID:
    """The last payment it has scored; the first one after it became a challenger comes next."""
    last = ChallengerScore.objects.filter(model=row).order_by("-transaction_id").values_list("transaction_id").first()
    return last[0] if last else first_uuid7_at(int(_since(row).timestamp() * 1000))


def _since(row: ModelVersion) -> datetime:
    """A moment before its registration: a payment made then was decided without it as well."""
    return row.created_at - timedelta(seconds=1)


def _decided(after: UUID, until: UUID) -> Decided:
    with connection.cursor() as cursor:
        cursor.execute(_NEXT, {"after": after, "until": until, "rows": ROWS_AT_ONCE})
        return [(UUID(str(identity)), bytes(snapshot)) for identity, snapshot in cursor.fetchall()]
