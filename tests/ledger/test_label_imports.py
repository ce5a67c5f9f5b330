"""Files of labels: checked against the record, then recorded whole, or without the lines that cannot be."""

import gzip
from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from ledger.errors import LabelImportNotReady, LabelRepeated
from ledger.models import AuditEntry, IdempotencyKey, Label, LabelImport
from ledger.selectors.named_payments import payments_named
from ledger.services import label_files
from ledger.services.label_files import labels_add, labels_check, labels_import
from ledger.services.label_imports import (
    label_import_apply,
    label_import_refuse,
    label_import_upload,
    label_import_work,
    label_imports_under_way,
)
from ledger.services.labels import label_attach
from ledger.tasks import label_import_continue, label_imports_continue
from sentinel.core.csv_files import UnusableFile
from sentinel.core.errors import InvalidRequest
from sentinel.core.ids import uuid7
from tests.factories import make_account, make_client, make_payment

State = LabelImport.State
HEADER = "transaction_id,label,source,observed_at,note"
CARD = "4111111111111111"


@pytest.fixture
def gateway_client(db):
    return make_client()


@pytest.fixture
def pay(gateway_client):
    account = make_account()

    def make(reference="order 42"):
        a_week_ago = timezone.now() - timedelta(days=7)
        return make_payment(account, gateway_client, amount_minor=100, now=a_week_ago, reference=reference)

    return make


def file_of(*lines: str, header: str = HEADER) -> bytes:
    return "\n".join([header, *lines]).encode()


def line_of(payment, label="fraud", source="chargeback", day: int = 1, note: str = "") -> str:
    observed_at = timezone.now() - timedelta(days=day)
    return f"{payment.public_id},{label},{source},{observed_at:%Y-%m-%dT%H:%M:00Z},{note}"


def check(*lines: str, header: str = HEADER):
    return labels_check([file_of(*lines, header=header)], now=timezone.now())


def faults(*lines: str, header: str = HEADER) -> list[tuple[int, str, str]]:
    return [(fault.line, fault.column, fault.words) for fault in check(*lines, header=header).faults]


# -- what could be recorded


def test_labels_are_recorded_with_everything_the_file_says(pay):
    stolen, fine = pay(), pay()
    moment = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=1)
    data = file_of(
        f"{stolen.public_id}, Fraud ,chargeback,{moment.isoformat()},card was stolen",
        f"{fine.public_id},legitimate,customer,{moment:%Y-%m-%d},",
        "",
    )
    now = timezone.now()

    checked = labels_import(data=data, file_name="a.csv", actor="olivia", leave_out_faulty=False, now=now)

    assert checked.counts == {"lines": 2, "new": 2, "fraud": 1, "legitimate": 1, "faulty": 0}
    first, second = Label.objects.order_by("id")
    assert (first.transaction_id, first.is_fraud, first.source, first.note) == (
        stolen.pk,
        True,
        "chargeback",
        "card was stolen",
    )
    assert (first.observed_at, first.recorded_at, first.actor, first.account_id) == (
        moment,
        now,
        "olivia",
        stolen.account_id,
    )
    assert (second.is_fraud, second.observed_at.hour, second.note) == (False, 0, "")
    audit = AuditEntry.objects.get(action="label_import.applied")
    assert (audit.actor, audit.details["new"], audit.subject) == ("olivia", 2, "file:a.csv")


def test_payments_are_named_by_reference_or_by_key(pay, gateway_client):
    payment = pay("ref 7")
    IdempotencyKey.objects.create(
        client=gateway_client,
        key="key-7",
        operation="payment",
        fingerprint=b"",
        subject_id=payment.pk,
        created_at=timezone.now(),
    )
    line = line_of(payment).partition(",")[2]

    for column, name in (("reference", "ref 7"), ("idempotency_key", "key-7")):
        (found,) = check(f"{name},{line}", header=HEADER.replace("transaction_id", column)).new
        assert found.payment.id == payment.pk


def test_columns_come_in_any_order_and_the_note_may_be_missing(pay):
    payment = pay()
    line = f"chargeback;{payment.public_id};{timezone.now():%Y-%m-%d};fraud"

    assert check(line, header="source;transaction_id;observed_at;label").counts["new"] == 1


def test_a_source_may_take_its_word_back_within_one_file(pay):
    payment = pay()
    label_attach(
        payment=payment,
        is_fraud=True,
        source="chargeback",
        observed_at=timezone.now() - timedelta(days=6),
        actor="x",
        label_id=uuid7(),
        now=timezone.now(),
    )

    lines = [line_of(payment, "legitimate", day=3), line_of(payment, "fraud", day=2)]

    assert check(*lines).counts["new"] == 2
    assert [fault[2] for fault in faults(*lines[1:])] == ["It is recorded: this source said the same."]


# -- what cannot


@pytest.mark.parametrize(
    ("change", "column", "words"),
    [
        ({"name": "txn_" + "0" * 32}, "transaction_id", "There is no such transaction."),
        ({"name": "order 42"}, "transaction_id", "Write an id such as txn_"),
        ({"name": ""}, "transaction_id", "Say which payment is meant"),
        ({"label": "theft"}, "label", "Write one of fraud, legitimate."),
        ({"source": "implicit"}, "source", "Write one of chargeback, review, customer, other."),
        ({"observed_at": "2199-01-01"}, "observed_at", "cannot be observed in the future"),
        ({"observed_at": "2001-01-01"}, "observed_at", "before its payment happened"),
        ({"observed_at": "01/31/2026"}, "observed_at", "Write a moment such as"),
        ({"note": "=HYPERLINK(1)"}, "note", "take this for a formula"),
        ({"note": "'=1"}, "note", "take this for a formula"),
        ({"note": "@x"}, "note", "take this for a formula"),
        ({"note": f"card {CARD}"}, "note", "looks like a full card number"),
        ({"note": "x" * 501}, "note", "at most 500 printable characters"),
        ({"note": "bell \a"}, "note", "at most 500 printable characters"),
        ({"note": "a,b"}, "", "There are 6 columns where the first line names 5."),
    ],
)
def test_a_line_that_cannot_be_recorded_is_named_and_none_is_recorded(pay, change, column, words):
    payment, other = pay(), pay()
    cells = {"name": payment.public_id, "label": "fraud", "source": "review", "observed_at": "", "note": ""}
    cells["observed_at"] = f"{timezone.now():%Y-%m-%dT%H:%MZ}"
    line = ",".join((cells | change).values())

    (found,) = faults(line_of(other), line)
    assert found[:2] == (3, column)
    assert words in found[2]
    assert CARD not in found[2]

    data = file_of(line_of(other), line)
    checked = labels_import(data=data, file_name="a.csv", actor="o", leave_out_faulty=False, now=timezone.now())
    assert checked.counts["faulty"] == 1
    assert (Label.objects.count(), AuditEntry.objects.filter(action__startswith="label_import").count()) == (0, 0)


def test_lines_with_faults_are_left_out_when_somebody_says_so_and_the_file_may_be_sent_again(pay):
    first, second = pay(), pay()
    unknown = line_of(first).replace(first.public_id, "txn_" + "0" * 32)
    data, now = file_of(line_of(first), unknown), timezone.now()
    labels_import(data=data, file_name="a.csv", actor="o", leave_out_faulty=True, now=now)
    assert Label.objects.count() == 1

    again = file_of(line_of(first), line_of(second))
    checked = labels_import(data=again, file_name="a.csv", actor="o", leave_out_faulty=True, now=timezone.now())

    assert [fault.words for fault in checked.faults] == ["It is recorded: this source said the same."]
    assert set(Label.objects.values_list("transaction_id", flat=True)) == {first.pk, second.pk}


def test_what_stands_in_the_file_twice_is_named_with_the_first_line(pay):
    payment = pay()
    same, opposite = line_of(payment), line_of(payment, "legitimate")

    assert [fault[0::2] for fault in faults(same, same, opposite)] == [
        (3, "Line 2 says the same already."),
        (4, "Line 2 says the opposite, of the same moment."),
    ]


def test_a_repetition_is_found_across_chunks(pay, monkeypatch):
    monkeypatch.setattr(label_files, "LINES_AT_ONCE", 1)
    same = line_of(pay())

    assert [fault[0] for fault in faults(same, same)] == [3]


def test_a_name_that_several_payments_have_is_refused(pay):
    line = line_of(pay("ref 7")).partition(",")[2]
    pay("ref 7")

    (found,) = faults(f"ref 7,{line}", header=HEADER.replace("transaction_id", "reference"))
    assert found[1:] == ("reference", "Several payments are known by this name: use the transaction_id.")


@pytest.mark.parametrize(("named_by", "words"), [("reference", "reference"), ("idempotency_key", "key")])
def test_a_name_that_no_payment_has_is_refused(db, named_by, words):
    (found,) = faults("x,fraud,review,2026-01-01,", header=HEADER.replace("transaction_id", named_by))

    assert found[1] == named_by
    assert words in found[2]
    assert payments_named(named_by, []) == {}


@pytest.mark.parametrize(
    ("header", "words"),
    [
        ("transaction_id,is_fraud,source,observed_at", "The columns label are missing."),
        ("label,source,observed_at", "No columns say which payment is meant."),
        ("transaction_id,reference,label,source,observed_at", "2 columns say which payment is meant."),
        (f"{HEADER},amount", "Column 6 has another name"),
        ("transaction_id,label,label,source,observed_at", "A column is named twice."),
    ],
)
def test_a_file_with_wrong_columns_is_refused(db, header, words):
    with pytest.raises(UnusableFile, match=words):
        check("x", header=header)


def test_what_was_recorded_meanwhile_stops_the_whole_file(pay):
    first, second = pay(), pay()
    checked = check(line_of(first), line_of(second))
    labels_add(checked.new[1:], actor="faster", now=timezone.now())

    with pytest.raises(LabelRepeated):
        labels_add(checked.new, actor="slower", now=timezone.now())

    assert list(Label.objects.values_list("actor", flat=True)) == ["faster"]


# -- on the way through the Admin


def upload(data: bytes, **changes) -> LabelImport:
    fields = {"actor": "lara", "file_name": "a.csv", "content": [data], "now": timezone.now(), **changes}
    return label_import_upload(**fields)


def work(kept: LabelImport) -> LabelImport:
    label_import_work(import_id=kept.pk, now=timezone.now())
    kept.refresh_from_db()
    return kept


def apply(kept: LabelImport, *, leave_out_faulty: bool = False) -> None:
    label_import_apply(actor="olivia", label_import=kept, leave_out_faulty=leave_out_faulty, now=timezone.now())


def test_a_file_is_checked_then_recorded(pay):
    kept = work(upload(gzip.compress(file_of(line_of(pay())))))
    assert (kept.state, kept.counts["new"], Label.objects.count()) == (State.CHECKED, 1, 0)

    apply(kept)
    kept = work(kept)

    assert (kept.state, kept.ended_by, kept.content) == (State.APPLIED, "olivia", None)
    assert Label.objects.get().actor == "olivia"
    actions = AuditEntry.objects.filter(subject=f"label_import:{kept.pk}").order_by("id")
    assert [entry.action.partition(".")[2] for entry in actions] == ["uploaded", "started", "applied"]
    assert label_import_work(import_id=kept.pk, now=timezone.now()) == "nothing to do"


def test_with_faults_it_is_recorded_only_without_them(pay):
    kept = work(upload(file_of(line_of(pay()), "x,y,z,a,b")))
    assert (kept.counts["new"], kept.counts["faulty"], kept.faults[0]["line"]) == (1, 1, 3)

    with pytest.raises(LabelImportNotReady, match="Some lines cannot be added"):
        apply(kept)
    apply(kept, leave_out_faulty=True)

    assert work(kept).state == State.APPLIED
    assert Label.objects.count() == 1


def test_faults_that_came_up_meanwhile_are_shown_first(pay):
    payment = pay()
    kept = work(upload(file_of(line_of(payment))))
    apply(kept)
    labels_add(check(line_of(payment)).new, actor="faster", now=timezone.now())

    kept = work(kept)

    assert (kept.state, kept.counts["faulty"], kept.ended_by) == (State.CHECKED, 1, "")
    assert list(Label.objects.values_list("actor", flat=True)) == ["faster"]


def test_an_unusable_file_fails_with_words(db):
    kept = work(upload(b"who,knows\n1,2\n"))

    assert (kept.state, kept.content, kept.ended_by) == (State.FAILED, None, "worker")
    assert "are missing" in kept.faults[0]["words"]
    with pytest.raises(LabelImportNotReady):
        apply(kept)


def test_a_file_is_thrown_away(pay):
    kept = work(upload(file_of(line_of(pay()))))
    label_import_refuse(actor="lara", label_import=kept, now=timezone.now())
    kept.refresh_from_db()

    assert (kept.state, kept.content) == (State.REFUSED, None)
    with pytest.raises(LabelImportNotReady):
        label_import_refuse(actor="lara", label_import=kept, now=timezone.now())


def test_a_file_without_anything_new_cannot_be_recorded(db):
    kept = work(upload(file_of("x,y,z,a,b")))

    with pytest.raises(LabelImportNotReady, match="nothing to add"):
        apply(kept, leave_out_faulty=True)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "empty"),
        (f"{HEADER}\nx,fraud,review,2026-01-01,{CARD}".encode(), "Line 2 holds a full card number"),
        (gzip.compress(b"0" * 5000), "larger than 1,000 bytes"),
        (gzip.compress(b"0" * 500)[:-4], "its end is missing"),
    ],
    ids=["empty", "a card number", "a bomb", "cut short"],
)
def test_a_file_that_may_not_be_kept_is_refused(db, settings, data, words):
    settings.LABEL_IMPORT_BYTES_MAX = 1_000

    with pytest.raises(UnusableFile, match=words):
        upload(data)
    assert LabelImport.objects.count() == 0


def test_a_card_number_as_the_name_of_a_file_is_refused(db):
    with pytest.raises(InvalidRequest):
        upload(b"x", file_name=f"{CARD}.csv")


def test_too_many_lines_are_refused(pay, settings):
    settings.LABEL_IMPORT_LINES_MAX = 1
    kept = work(upload(file_of(line_of(pay()), line_of(pay()))))

    assert (kept.state, "over 1 lines" in kept.faults[0]["words"]) == (State.FAILED, True)


def test_a_lost_message_is_made_up_for(pay, monkeypatch):
    kept = upload(file_of(line_of(pay())))
    woken: list[int] = []
    monkeypatch.setattr(label_import_continue, "delay", woken.append)

    label_imports_continue()
    assert woken == [kept.pk]
    assert label_import_continue(kept.pk) == State.CHECKED
    assert label_imports_under_way() == []


# -- the command


def run(path, *options: str) -> tuple[str, str]:
    out, err = StringIO(), StringIO()
    call_command("import_labels", str(path), *options, stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


@pytest.fixture
def write(tmp_path):
    def write_file(*lines: str):
        path = tmp_path / "chargebacks.csv.gz"
        path.write_bytes(gzip.compress(file_of(*lines)))
        return path

    return write_file


def test_the_command_tries_then_records(pay, write):
    path = write(line_of(pay()))

    assert run(path, "--dry-run") == ("Would record 1 labels (1 fraud, 0 legitimate).\n", "")
    assert Label.objects.count() == 0
    assert run(path, "--actor", "olivia") == ("Recorded 1 labels (1 fraud, 0 legitimate).\n", "")
    assert Label.objects.get().actor == "olivia"


def test_the_command_names_lines_with_faults_and_leaves_them_out_when_told(pay, write):
    path, err = write(line_of(pay()), "x,fraud,review,2026-01-01,"), StringIO()

    with pytest.raises(CommandError, match="1 of 2 lines have a fault"):
        call_command("import_labels", str(path), stderr=err)
    assert err.getvalue().startswith("Line 3, transaction_id: Write an id such as txn_")
    assert Label.objects.count() == 0

    out, _ = run(path, "--leave-out-faulty")
    assert out == "Recorded 1 labels (1 fraud, 0 legitimate). 1 lines were left out.\n"


def test_the_command_refuses_what_is_no_such_file(db, tmp_path):
    with pytest.raises(CommandError, match="cannot be read"):
        run(tmp_path / "nothing.csv")
    (tmp_path / "empty.csv").write_bytes(b"")
    with pytest.raises(CommandError, match="empty"):
        run(tmp_path / "empty.csv")
