"""The record. A family a file; see each for what it promises and who enforces it."""

from ledger.models.account_notes import AccountNote
from ledger.models.accounting import Entry, Hold, HoldResolution, Posting, Reversal
from ledger.models.audit import AuditEntry
from ledger.models.cases import Case, CaseNote, PendingVerdict, ReportingRate, ReviewTerms
from ledger.models.decision_times import DecisionTime
from ledger.models.imports import ImportedTransaction
from ledger.models.keys import IdempotencyKey, OperationReceipt
from ledger.models.label_imports import LabelImport
from ledger.models.labels import Label
from ledger.models.outbox import BankEvent, Event, OutboxPending
from ledger.models.parties import Account, AccountBalance, AccountGrant
from ledger.models.sampling import RecordMark, SampledReview
from ledger.models.seal import SealBlock, SealLeaf
from ledger.models.transactions import Decision, PersonalDetail, Transaction

__all__ = [
    "Account",
    "AccountBalance",
    "AccountGrant",
    "AccountNote",
    "AuditEntry",
    "BankEvent",
    "Case",
    "CaseNote",
    "Decision",
    "DecisionTime",
    "Entry",
    "Event",
    "Hold",
    "HoldResolution",
    "IdempotencyKey",
    "ImportedTransaction",
    "Label",
    "LabelImport",
    "OperationReceipt",
    "OutboxPending",
    "PendingVerdict",
    "PersonalDetail",
    "Posting",
    "RecordMark",
    "ReportingRate",
    "Reversal",
    "ReviewTerms",
    "SampledReview",
    "SealBlock",
    "SealLeaf",
    "Transaction",
]
