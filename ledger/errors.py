"""Refusals of the ledger. See sentinel.core.errors for how the API shows them."""

from sentinel.core.errors import Conflict, InvalidRequest, NotFound


class KeyReused(InvalidRequest):
    """The key was used before, for another request. Nothing was done."""

    code = "idempotency_key_reused"
    http_status = 422
    title = "This idempotency key was used for another request"


class KeyInProgress(Conflict):
    """The first request with this key is still being worked on."""

    code = "idempotency_key_in_progress"
    title = "The first request with this key is still being worked on; retry the same key"


class AccountBusy(Conflict):
    """Something has kept the account locked for seconds. Nothing was written; the same key may be retried."""

    code = "account_busy"
    title = "The account is busy; retry the same key"


class TransactionUnknown(NotFound):
    """No transaction of this client has that id or key."""

    code = "transaction_unknown"
    title = "There is no such transaction"


class LabelRepeated(Conflict):
    """The same source has said the same of this transaction already, and not taken it back. Nothing was added."""

    code = "label_repeated"
    title = "This source has said the same of this transaction already"


class LabelImportNotReady(Conflict):
    """An import of labels is not in a state in which this can be done to it."""

    code = "label_import_not_ready"
    title = "This cannot be done to the import now"


class SampleAlreadyDecided(Conflict):
    """Somebody else has said what the sampled payment was."""

    code = "sample_already_decided"
    title = "The sampled payment was already decided"


class HoldAlreadyResolved(Conflict):
    """Somebody else decided the review, or the hold expired."""

    code = "hold_already_resolved"
    title = "The review was already decided"


class NotReversible(Conflict):
    """Only what is left of an approved transaction can be reversed."""

    code = "not_reversible"
    title = "This transaction cannot be reversed"


class ReversalTooLarge(InvalidRequest):
    """The reversal asks for more than is left of the transaction."""

    code = "reversal_too_large"
    http_status = 422
    title = "The reversal is larger than what is left of the transaction"


class FundsInsufficient(Conflict):
    """Taking the money back would bring an account below its floor."""

    code = "funds_insufficient"
    title = "There is not enough money on the account"


class AccountChangeRefused(Conflict):
    """An account keeps its currency for ever, and its floor cannot be raised over what is available."""

    code = "account_change_refused"
    title = "The account cannot be changed like this"


class CaseUnknown(NotFound):
    """There is no such case."""

    code = "case_unknown"
    title = "There is no such case"


class CaseTaken(Conflict):
    """Somebody else has the case open, was faster with a verdict, or it is decided. Nothing was changed."""

    code = "case_taken"
    title = "Somebody else has this case"


class VerdictGone(Conflict):
    """The verdict was applied or taken back already."""

    code = "verdict_gone"
    title = "The verdict cannot be taken back any more"


class NotSealedYet(Conflict):
    """The payment was recorded a moment ago, and its block is not closed. Ask again in a second."""

    code = "not_sealed_yet"
    title = "The payment is not sealed yet; ask again in a second"


class NotSealed(Conflict):
    """A test payment: only live ones are sealed."""

    code = "not_sealed"
    title = "Test payments are not sealed, so there is no proof of them"


class DayNotOver(Conflict):
    """Payments of the day may still be recorded: its figures are not final."""

    code = "day_not_over"
    title = "The day is not over"
