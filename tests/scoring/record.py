"""A file's payments as a record, written in bulk: their snapshots, and labels as they became known."""

from datetime import UTC, datetime
from uuid import uuid4

from django.db import connection

from ledger.models import Account
from scoring.domain.dataset import Dataset
from sentinel.api.models import GatewayClient
from sentinel.core.catalogue import CATALOGUE_VERSION, PACKED_INDEX
from sentinel.core.ids import uuid7
from tests.factories import make_account, make_client

_COLUMNS = {
    "ledger_transaction": "id account_id seq client_id livemode transaction_type amount_minor currency merchant_id"
    " occurred_at recorded_at detail_commitment",
    "ledger_decision": "transaction_id account_id outcome status score_percentile reasons ruleset_version"
    " policy_version catalogue_version snapshot degraded receipt recorded_at",
    "ledger_label": "id transaction_id account_id is_fraud source actor note observed_at recorded_at own_clock",
}
_NOTHING = r"\\x"


def record_write(dataset: Dataset, *, now: datetime) -> None:
    """All payments approved, the last one a minute ago; frauds are labelled when the dataset says that was known."""
    client = make_client()
    accounts = {name: make_account(f"acc_{uuid4().hex[:12]}") for name in set(dataset.accounts.tolist())}
    shift = now.timestamp() - 60 - float(dataset.occurred_at[-1])
    lines: dict[str, list[str]] = {table: [] for table in _COLUMNS}
    seqs = dict.fromkeys(accounts, 0)
    for place in range(len(dataset)):
        name = int(dataset.accounts[place])
        seqs[name] += 1
        _add(lines, dataset, place, shift, accounts[name], seqs[name], client)
    with connection.cursor() as cursor:
        for table, columns in _COLUMNS.items():
            with cursor.copy(f"COPY {table} ({', '.join(columns.split())}) FROM STDIN") as copy:
                copy.write("".join(f"{line}\n" for line in lines[table]))


def _add(
    lines: dict[str, list[str]],
    dataset: Dataset,
    place: int,
    shift: float,
    account: Account,
    seq: int,
    client: GatewayClient,
) -> None:
    identity, row = uuid7(), dataset.columns[place]
    at = _text(float(dataset.occurred_at[place]) + shift)
    amount = int(row[PACKED_INDEX["amount"]])
    payment = identity, account.id, seq, client.pk, "t", "purchase", amount, account.currency, "m_1", at, at, _NOTHING
    snapshot = rf"\\x{row.tobytes().hex()}"
    decision = identity, account.id, "approve", "approved", 0.5, "[]", 1, 1, CATALOGUE_VERSION, snapshot, "{}"
    lines["ledger_transaction"].append("\t".join(map(str, payment)))
    lines["ledger_decision"].append("\t".join(map(str, (*decision, _NOTHING, at))))
    if dataset.is_fraud[place]:
        known = _text(float(dataset.known_at[place]) + shift)
        label = uuid7(), identity, account.id, "t", "chargeback", "tests", "", known, known, "f"
        lines["ledger_label"].append("\t".join(map(str, label)))


def _text(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, tz=UTC).isoformat()
