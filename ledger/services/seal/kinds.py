"""What is sealed, and how a row is written down for it. An upper room registers its own publications when it starts.

Test traffic is not sealed. The content of a leaf is a JSON array as PostgreSQL writes it in the UTC zone. A change of
it, a new column included, is a new kind: what was sealed is never read in another way.
"""

from collections.abc import Iterable
from dataclasses import dataclass

_AS_UUID = "lpad(to_hex(r.{key}), 32, '0')::uuid"
# An account never changes its livemode. What has no account that is known as one for tests is taken for live.
_OF_TEST_ACCOUNT = "(SELECT FROM ledger_account a WHERE a.id = {account} AND NOT a.livemode)"
_LIVE = f"NOT EXISTS {_OF_TEST_ACCOUNT.format(account='r.account_id')}"
_LIVE_HOLD = f"""NOT EXISTS (SELECT FROM ledger_hold h WHERE h.transaction_id = r.hold_id
    AND EXISTS {_OF_TEST_ACCOUNT.format(account="h.account_id")})"""


@dataclass(frozen=True, slots=True)
class SealedKind:
    """`table` is read as r, with `joins`. `key` names the row by a UUID. `made`: the column that tells when a row was
    made, an id that is a UUIDv7 or a moment. `live`: the condition under which a row is of real traffic. `strays`:
    conditions under which rows beside the table belong to none of its rows, each a query of their ids.
    """

    name: str
    table: str
    content: str
    key: str = "r.id"
    made: str = "r.id"
    joins: str = ""
    live: str = "true"
    strays: tuple[str, ...] = ()

    @property
    def source(self) -> str:
        return f"({self.table} r {self.joins})" if self.joins else f"{self.table} r"

    @property
    def digest(self) -> str:
        return f"sha256('\\x00'::bytea || convert_to('{self.name}' || E'\\n' || {self.content}, 'UTF8'))"

    @property
    def is_made_by_id(self) -> bool:
        return self.made == self.key


def array(*columns: str) -> str:
    return f"json_build_array({', '.join(columns)})::text"


def counted(
    name: str, table: str, columns: str, *, made: str, key: str = "id", parts: tuple[str, ...] = ()
) -> SealedKind:
    """Of a table whose rows have numbers. `parts`: expressions over rows of other tables that belong to the row r."""
    return SealedKind(
        name=name,
        table=table,
        content=array(*(f"r.{column}" for column in columns.split()), *parts),
        key=_AS_UUID.format(key=key),
        made=f"r.{made}",
    )


def _hash_of(bytes_of: str) -> str:
    return f"encode(sha256({bytes_of}), 'hex')"


def _columns(alias: str, names: str) -> list[str]:
    return [f"{alias}.{name}" for name in names.split()]


_WHY = array(
    *_columns("d", "outcome status fraud_probability score_percentile reasons ruleset_version policy_version"),
    *_columns("d", "model_version catalogue_version degraded rule_hits silent_hits failed_rules recorded_at"),
    _hash_of("d.snapshot"),
)
_POSTINGS = """(SELECT json_agg(json_build_array(p.leg, p.account_id, p.ledger_account_id, p.debit_minor,
    p.credit_minor, p.currency) ORDER BY p.leg, p.account_id) FROM ledger_posting p WHERE p.entry_id = r.id)"""
_SAID = "account_id type sequence payload recorded_at"

_kinds: dict[str, SealedKind] = {
    kind.name: kind
    for kind in (
        # Why it was decided so is in the leaf as a hash only: a proof of the payment does not tell it.
        SealedKind(
            name="transaction",
            table="ledger_transaction",
            joins="""LEFT JOIN ledger_decision d ON d.transaction_id = r.id AND d.account_id = r.account_id
                LEFT JOIN ledger_hold h ON h.transaction_id = r.id""",
            live="r.livemode",
            content=array(
                *_columns("r", "id account_id seq client_id livemode transaction_type amount_minor currency"),
                *_columns("r", "reference channel merchant_id merchant_name merchant_category merchant_country"),
                *_columns("r", "counterparty_account_id location_country occurred_at recorded_at"),
                "encode(r.detail_commitment, 'hex')",
                *_columns("d", "outcome status"),
                _hash_of("d.receipt"),
                _hash_of(f"convert_to({_WHY}, 'UTF8')"),
                *_columns("h", "account_id amount_minor reserved_minor currency recorded_at expires_at"),
            ),
            strays=(
                """SELECT d.transaction_id FROM ledger_decision d LEFT JOIN ledger_transaction t
                    ON t.id = d.transaction_id AND t.account_id = d.account_id WHERE t.id IS NULL""",
                """SELECT h.transaction_id FROM ledger_hold h LEFT JOIN ledger_transaction t
                    ON t.id = h.transaction_id WHERE t.id IS NULL""",
            ),
        ),
        SealedKind(
            name="entry",
            table="ledger_entry",
            live=_LIVE,
            content=array(*_columns("r", "id account_id transaction_id kind legs recorded_at"), _POSTINGS),
            strays=(
                """SELECT p.entry_id FROM ledger_posting p LEFT JOIN ledger_entry e
                    ON e.id = p.entry_id AND e.account_id = p.account_id WHERE e.id IS NULL""",
            ),
        ),
        SealedKind(
            name="resolution",
            table="ledger_holdresolution",
            key="r.hold_id",
            made="r.recorded_at",
            live=_LIVE_HOLD,
            content=array(*_columns("r", "hold_id resolution actor note entry_id recorded_at")),
        ),
        SealedKind(
            name="reversal",
            table="ledger_reversal",
            live=_LIVE,
            content=array(
                *_columns("r", "id transaction_id account_id amount_minor currency reason actor entry_id recorded_at")
            ),
        ),
        SealedKind(
            name="imported",
            table="ledger_importedtransaction",
            key="r.transaction_id",
            made="r.transaction_id",
            live=_LIVE,
            content=array(
                *_columns("r", "transaction_id account_id client_id reference recorded_at"),
                "encode(r.fingerprint, 'hex')",
            ),
        ),
        SealedKind(
            name="label",
            table="ledger_label",
            live=_LIVE,
            content=array(
                *_columns("r", "id transaction_id account_id is_fraud source actor note observed_at recorded_at"),
                "r.own_clock",
            ),
        ),
        SealedKind(
            name="event",
            table="ledger_event",
            live=_LIVE,
            content=array("r.id", "r.transaction_id", *_columns("r", _SAID)),
        ),
        SealedKind(
            name="bank_event",
            table="ledger_bankevent",
            content=array(*_columns("r", "id type subject payload recorded_at")),
        ),
        SealedKind(
            name="audit",
            table="ledger_auditentry",
            content=array(*_columns("r", "id actor action subject details recorded_at")),
        ),
    )
}


def register_sealed(*kinds: SealedKind) -> None:
    _kinds.update({kind.name: kind for kind in kinds})


def sealed_kinds() -> Iterable[SealedKind]:
    return tuple(_kinds.values())


def sealed_kind(name: str) -> SealedKind:
    return _kinds[name]
