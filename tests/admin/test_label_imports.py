"""Importing labels in the Admin: the faults are seen first, then the labels are recorded."""

from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone
from kombu.exceptions import OperationalError

from ledger.models import Label, LabelImport
from ledger.services.label_imports import label_import_work
from ledger.tasks import label_import_continue
from tests.factories import make_payment

LIST = reverse("admin:ledger_labelimport_changelist")
UPLOAD = reverse("admin:ledger_labelimport_upload")
HEADER = "transaction_id,label,source,observed_at,note"


@pytest.fixture
def labeller(sign_in):
    return sign_in("lara", "ledger.add_label", "ledger.view_label")


@pytest.fixture
def told(monkeypatch):
    """The imports that a worker was told of."""
    found: list[int] = []
    monkeypatch.setattr(label_import_continue, "delay", found.append)
    return found


@pytest.fixture
def payment(account_alice, gateway_client):
    return make_payment(account_alice, gateway_client, now=timezone.now() - timedelta(days=2))


def upload(client, *lines: str, name: str = "chargebacks.csv"):
    data = "\n".join([HEADER, *lines]).encode()
    return client.post(UPLOAD, {"file": SimpleUploadedFile(name, data)}, follow=True)


def good(payment, note="") -> str:
    return f"{payment.public_id},fraud,chargeback,{timezone.now() - timedelta(days=1):%Y-%m-%dT%H:%MZ},{note}"


def checked() -> LabelImport:
    kept = LabelImport.objects.get()
    label_import_work(import_id=kept.pk, now=timezone.now())
    return kept


def page_of(client, kept) -> str:
    return client.get(reverse("admin:ledger_labelimport_change", args=[kept.pk])).content.decode()


def act(client, kept, step: str, **fields):
    return client.post(reverse("admin:ledger_labelimport_act", args=[kept.pk, step]), fields, follow=True)


def test_a_file_is_uploaded_checked_and_recorded(labeller, payment, told):
    assert "looks again every two seconds" in upload(labeller, good(payment)).content.decode()
    kept = checked()
    assert told == [kept.pk]
    assert "Record 1 labels" in page_of(labeller, kept)
    assert "Import a file" in labeller.get(reverse("admin:ledger_label_changelist")).content.decode()

    act(labeller, kept, "apply")
    checked()

    assert told == [kept.pk, kept.pk]
    assert "lara</strong>" in page_of(labeller, kept)
    assert "lara recorded 1 labels" in page_of(labeller, kept)
    assert Label.objects.get().actor == "lara"
    assert "chargebacks.csv" in labeller.get(LIST).content.decode()


def test_faults_are_shown_and_left_out_by_the_same_button(labeller, payment, told):
    upload(labeller, good(payment), "txn_1,fraud,review,2026-01-01,<script>")
    kept = checked()

    page = page_of(labeller, kept)
    assert "Record 1 labels, leave out 1 lines" in page
    assert "Write an id such as txn_" in page
    assert "<script>alert" not in page
    assert "Some lines cannot be added" in act(labeller, kept, "apply").content.decode()
    act(labeller, kept, "apply", leave_out_faulty="yes")
    checked()

    assert Label.objects.count() == 1


def test_faults_can_be_downloaded_without_the_lines_themselves(labeller, payment, told):
    upload(labeller, good(payment, note="=cmd()"))
    kept = checked()

    answer = labeller.get(reverse("admin:ledger_labelimport_faults", args=[kept.pk]))

    text = answer.content.decode("utf-8-sig")
    assert text.splitlines()[0] == "line,column,what"
    assert text.splitlines()[1].startswith("2,note,A spreadsheet would take this")
    assert "cmd" not in text


def test_a_file_is_thrown_away(labeller, payment, told):
    upload(labeller, good(payment))
    kept = checked()

    assert "Thrown away by lara" in act(labeller, kept, "refuse").content.decode()
    assert Label.objects.count() == 0


@pytest.mark.parametrize(
    ("lines", "name", "words"),
    [
        (["x,fraud,review,2026-01-01,4111111111111111"], "a.csv", "Line 2 holds a full card number"),
        (["x"], "4111111111111111.csv", "looks like a full card number"),
    ],
)
def test_a_file_that_may_not_be_kept_is_refused_on_its_page(labeller, told, lines, name, words):
    assert words in upload(labeller, *lines, name=name).content.decode()
    assert (LabelImport.objects.count(), told) == (0, [])


def test_without_a_worker_the_file_waits(labeller, payment, monkeypatch):
    def away(*_):
        raise OperationalError

    monkeypatch.setattr(label_import_continue, "delay", away)

    assert "workers cannot be reached" in upload(labeller, good(payment)).content.decode()
    assert LabelImport.objects.get().state == "uploaded"


def test_whoever_may_only_look_neither_uploads_nor_records(sign_in, labeller, nobody, payment, told):
    upload(labeller, good(payment))
    kept = checked()
    viewer = sign_in("vic", "ledger.view_labelimport")

    assert "Record 1 labels" not in page_of(viewer, kept)
    assert upload(viewer, good(payment)).status_code == 403
    assert act(viewer, kept, "apply").status_code == 403
    assert nobody.get(LIST).status_code == 403
    assert nobody.get(reverse("admin:ledger_labelimport_faults", args=[kept.pk])).status_code == 403
    assert labeller.get(reverse("admin:ledger_labelimport_act", args=[kept.pk, "apply"])).status_code == 404
    assert act(labeller, kept, "other").status_code == 404
    gone = reverse("admin:ledger_labelimport_act", args=[kept.pk + 1, "apply"])
    assert labeller.post(gone).status_code == 404
    assert Label.objects.count() == 0
