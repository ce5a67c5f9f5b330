"""The record. A family a file; see each for what it promises and who enforces it."""

from ledger.models.accounting import Entry, Hold, HoldResolution, Posting, Reversal
from ledger.models.audit import AuditEntry
from ledger.models.keys import IdempotencyKey, OperationReceipt
from ledger.models.labels import Label
from ledger.models.outbox import Event, OutboxPending
from ledger.models.parties import Account, AccountBalance, AccountGrant
from ledger.models.transactions import Decision, PersonalDetail, Transaction

__all__ = [
    "Account",
    "AccountBalance",
    "AccountGrant",
    "AuditEntry",
    "Decision",
    "Entry",
    "Event",
    "Hold",
    "HoldResolution",
    "IdempotencyKey",
    "Label",
    "OperationReceipt",
    "OutboxPending",
    "PersonalDetail",
    "Posting",
    "Reversal",
    "Transaction",
]
