"""Scored files in the Admin: looked at before anything is scored, steered, and fetched."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from kombu.exceptions import OperationalError

from scoring.models import ScoreJob
from scoring.services.jobs.working import job_work
from scoring.tasks import job_continue
from tests.scoring.jobs.conftest import job_folder  # noqa: F401 - files of the test's own
from tests.scoring.jobs.files import file_of, row, rows

PAYSIM = "step,type,amount,nameOrig,oldbalanceOrg,newbalanceOrig,nameDest,oldbalanceDest,newbalanceDest"
LIST = reverse("admin:scoring_scorejob_changelist")
UPLOAD = reverse("admin:scoring_scorejob_upload")


@pytest.fixture
def operator(sign_in):
    return sign_in("olga", "scoring.add_scorejob")


@pytest.fixture(autouse=True)
def told(monkeypatch):
    found: list[str] = []
    monkeypatch.setattr(job_continue, "delay", found.append)
    return found


def upload(client, data: bytes, name="payments.csv"):
    return client.post(UPLOAD, {"file": SimpleUploadedFile(name, data)}, follow=True)


def checked() -> ScoreJob:
    job = ScoreJob.objects.get()
    job_work(job.pk)
    return job


def page_of(client, job) -> str:
    return client.get(reverse("admin:scoring_scorejob_change", args=[job.pk])).content.decode()


def act(client, job, step: str):
    return client.post(reverse("admin:scoring_scorejob_act", args=[job.pk, step]), follow=True)


def read_as(client, job, **fields):
    return client.post(reverse("admin:scoring_scorejob_read", args=[job.pk]), fields, follow=True)


def test_a_file_is_uploaded_and_its_problems_are_seen_before_it_starts(operator, told):
    assert "looks again every two seconds" in upload(operator, file_of([*rows(3), "<b>ragged"])).content.decode()
    job = checked()
    page = page_of(operator, job)

    assert told == [str(job.pk)]
    for words in ("Nothing is scored yet", "Score it", "The row has 1 cells", "as they are read", "T-0"):
        assert words in page
    assert "<b>ragged" not in page
    assert "payments.csv" in operator.get(LIST).content.decode()
    faults = operator.get(reverse("admin:scoring_scorejob_faults", args=[job.pk])).content.decode("utf-8-sig")
    assert faults.splitlines()[1].startswith('5,row,"The row has 1 cells')


def test_columns_are_mapped_on_the_page(operator):
    upload(operator, f"who,what,where\n{'acc_1,5.00,m_1'}\n".encode())
    job = checked()
    assert "Say what the columns are" in page_of(operator, job)
    assert "Score it" not in page_of(operator, job)

    twice = {"column_0": "account_id", "column_1": "account_id", "currency": "INR", "transaction_type": "purchase"}
    assert "Two columns say Account." in read_as(operator, job, **twice).content.decode()
    lacking = {"column_0": "account_id", "currency": "INR", "transaction_type": "purchase"}
    assert "No column says the amount." in read_as(operator, job, **lacking).content.decode()
    read_as(operator, job, **{**twice, "column_1": "amount", "column_2": "merchant_id"})
    job = checked()
    assert "Score it" in page_of(operator, job)


def test_a_known_shape_can_be_read_by_its_columns_instead(operator):
    upload(operator, f"{PAYSIM}\n1,PAYMENT,5.00,C1,9,4,M1,0,0\n".encode())
    page = page_of(operator, checked())

    assert "Read as PaySim" in page
    assert "by its columns, as said below" in page


def test_it_is_started_paused_continued_and_cancelled(operator, told):
    upload(operator, file_of(rows(3)))
    job = checked()

    act(operator, job, "start")
    assert "being split" in page_of(operator, job)
    progress = reverse("admin:scoring_scorejob_progress", args=[job.pk])
    assert "Being split" in operator.get(progress, {"state": "splitting"}).content.decode()
    assert operator.get(progress, {"state": "checked"})["HX-Refresh"] == "true"
    assert "Go on" in act(operator, job, "pause").content.decode()
    assert "being split" in act(operator, job, "continue").content.decode()
    assert "Its file was deleted" in act(operator, job, "cancel").content.decode()
    assert "The job is cancelled" in act(operator, job, "start").content.decode()
    assert told == [str(job.pk)] * 3


def test_what_came_out_is_shown(operator):
    upload(operator, file_of(rows(3)))
    job = checked()
    ScoreJob.objects.filter(pk=job.pk).update(
        state="done", rows=3, results_name="x", started_at=job.created_at, ended_at=job.created_at,
        expires_at=job.created_at, ruleset_version=4, policy_version=2, resumed_at=job.created_at,
        summary={
            "scored": 2, "refused": 1, "outcomes": {"approve": 1, "review": 1}, "bins": [1, *[0] * 18, 1],
            "reasons": {"rule.night": 1}, "problems": {"row: ragged": 1}, "words": {"rule.night": "At night"},
        },
    )  # fmt: skip
    page = page_of(operator, job)

    for words in ("To be reviewed", "50.0%", "rule.night", "At night", "row: ragged", "Download the results", "<svg"):
        assert words in page


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (file_of([row(1, merchant="4111111111111111")]), "Line 2 holds a full card number"),
        (b"\x89PNG\r\n\x1a\n" + bytes(range(256)), "The file"),
        (b"one column\n1\n", "has one column"),
    ],
)
def test_a_file_that_may_not_be_kept_is_refused_on_its_page(operator, told, data, words):
    assert words in upload(operator, data).content.decode()
    assert (ScoreJob.objects.count(), told) == (0, [])


def test_without_a_worker_the_file_waits(operator, monkeypatch):
    def away(*_):
        raise OperationalError

    monkeypatch.setattr(job_continue, "delay", away)
    assert "workers cannot be reached" in upload(operator, file_of(rows(3))).content.decode()
    assert ScoreJob.objects.get().state == "uploaded"


def test_whoever_may_only_look_neither_uploads_nor_steers(sign_in, operator, nobody):
    upload(operator, file_of(rows(3)))
    job = checked()
    viewer = sign_in("vic", "scoring.view_scorejob")

    assert "Score it" not in page_of(viewer, job)
    assert upload(viewer, file_of(rows(3))).status_code == 403
    assert act(viewer, job, "start").status_code == 403
    assert read_as(viewer, job).status_code == 403
    assert nobody.get(LIST).status_code == 403
    for name in ("faults", "results"):
        assert nobody.get(reverse(f"admin:scoring_scorejob_{name}", args=[job.pk])).status_code == 403
    assert operator.get(reverse("admin:scoring_scorejob_act", args=[job.pk, "start"])).status_code == 404
    assert act(operator, job, "other").status_code == 404
    assert operator.get(reverse("admin:scoring_scorejob_results", args=[job.pk])).status_code == 404
    job.refresh_from_db()
    assert job.state == "checked"
