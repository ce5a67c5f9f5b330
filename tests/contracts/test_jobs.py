"""Jobs as a gateway sees them: send a file, follow it, stop it, fetch the results."""

import csv
import io
from uuid import UUID, uuid4

import pytest

from scoring.models import ScoreJob
from scoring.services.jobs.working import job_work
from scoring.tasks import job_continue
from tests.scoring.jobs.conftest import job_folder, kept_files  # noqa: F401 - files of the test's own
from tests.scoring.jobs.files import HEADER, file_of, packed, row, rows

pytestmark = pytest.mark.contract


@pytest.fixture(autouse=True)
def told(monkeypatch) -> list[str]:
    """The jobs that a worker was told of."""
    found: list[str] = []
    monkeypatch.setattr(job_continue, "delay", found.append)
    return found


def mine(*lines: str) -> list[str]:
    mark = uuid4().hex[:8]
    return [line.replace("acc_", f"acc_{mark}_") for line in lines]


def send(gateway, data: bytes, *, key: str | None = None, name: str = "payments.csv", **fields):
    headers = {"Idempotency-Key": key or str(uuid4())}
    return gateway.request("POST", "jobs", files={"file": (name, data, "text/csv")}, data=fields, headers=headers)


def act(gateway, job: dict, step: str):
    return gateway.request("POST", f"jobs/{job['id']}/{step}")


def work(job: dict, steps: int = 100) -> None:
    while steps and job_work(UUID(job["id"].removeprefix("job_"))):
        steps -= 1


def results(gateway, job: dict) -> list[dict[str, str]]:
    answer = gateway.get(f"jobs/{job['id']}/results")
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/csv; charset=utf-8")
    return list(csv.DictReader(io.StringIO(answer.text)))


def test_a_file_is_sent_checked_scored_and_fetched(gateway, told):
    answer = send(gateway, packed(file_of([*mine(*rows(20)), "ragged"])), name="payments.csv.gz")
    assert answer.status_code == 201, answer.text
    job = answer.json()
    assert (job["state"], job["progress"]["rows"], job["summary"]) == ("uploaded", None, None)
    assert told == [str(UUID(job["id"].removeprefix("job_")))]
    assert gateway.get(f"jobs/{job['id']}/results").json()["code"] == "job_not_ready"

    work(job)
    done = gateway.get(f"jobs/{job['id']}").json()
    assert (done["state"], done["progress"]["rows"], done["progress"]["rows_done"]) == ("done", 21, 21)
    assert (done["check"]["rows"], done["check"]["faulty"]) == (21, 1)
    assert done["check"]["faults"][0] | {"words": ""} == {"line": 22, "column": "row", "words": ""}
    assert (done["summary"]["scored"], done["summary"]["outcomes"]) == (20, {"approve": 20})
    assert set(done["versions"]) == {"ruleset", "policy", "model"}
    found = results(gateway, job)
    assert [each["outcome"] for each in found] == ["approve"] * 20 + [""]
    assert found[0]["transaction_id"] == "T-0"
    listed = gateway.get("jobs").json()["results"]
    assert [each["id"] for each in listed] == [job["id"]]


def test_the_same_key_is_the_same_job(gateway, job_folder):  # noqa: F811
    data, key = file_of(mine(*rows(3))), str(uuid4())
    first, again = send(gateway, data, key=key), send(gateway, data, key=key)
    other = send(gateway, file_of(mine(*rows(4))), key=key)

    assert (again.status_code, again.content) == (201, first.content)
    assert again.headers["Idempotent-Replayed"] == "true"
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    assert len(kept_files(job_folder)) == ScoreJob.objects.filter(client_id=gateway.client.id).count() == 1
    assert (
        gateway.request("POST", "jobs", files={"file": ("a.csv", data)}).json()["code"] == "idempotency_key_missing"
    )


def test_columns_and_constants_are_said_beside_the_file(gateway):
    data = f"who,how much,where\n{mine('acc_1')[0]},5.00,m_1\n".encode()
    columns = '{"account_id": "who", "amount": "how much", "merchant_id": "where"}'
    job = send(gateway, data, columns=columns, currency="EUR", channel="pos").json()
    work(job)

    assert results(gateway, job)[0]["outcome"] == "approve"
    assert job["columns"] == {"account_id": "who", "amount": "how much", "merchant_id": "where"}
    assert job["constants"] == {"currency": "EUR", "transaction_type": "purchase", "channel": "pos"}


def test_it_waits_after_the_check_when_asked_to_and_is_paused_continued_and_cancelled(gateway, settings):
    settings.JOB_PART_BYTES = 500
    job = send(gateway, file_of(mine(*rows(60, accounts=20))), start="false").json()
    assert act(gateway, job, "pause").status_code == 409
    work(job)
    assert gateway.get(f"jobs/{job['id']}").json()["state"] == "checked"

    assert act(gateway, job, "continue").json()["state"] == "splitting"
    work(job, steps=3)
    paused = act(gateway, job, "pause").json()
    assert (paused["state"], 0 < paused["progress"]["rows_done"] < 60) == ("paused", True)
    assert act(gateway, job, "pause").json()["state"] == "paused"
    assert act(gateway, job, "continue").json()["state"] == "scoring"
    assert act(gateway, job, "cancel").json()["state"] == "cancelled"
    assert act(gateway, job, "cancel").json()["state"] == "cancelled"
    assert act(gateway, job, "continue").json()["code"] == "job_not_ready"
    assert gateway.get(f"jobs/{job['id']}/results").status_code == 409


@pytest.mark.parametrize(
    ("data", "fields", "status", "words"),
    [
        (b"", {}, 400, "empty"),
        (HEADER.encode(), {}, 400, "no rows"),
        (b"\x89PNG\r\n\x1a\n" + bytes(range(256)), {}, 400, "not UTF-8|NUL"),
        (file_of([row(1, merchant="4111111111111111")]), {}, 400, "Line 2 holds a full card number"),
        (b"a,b\n1,2\n", {}, 400, "No column says the account_id"),
        (file_of(rows(2)), {"currency": "XXY"}, 400, "currency"),
        (file_of(rows(2)), {"columns": "[]"}, 400, "columns"),
        (file_of(rows(2)), {"columns": '{"colour": "amount"}'}, 400, "There is no field colour"),
        (file_of(rows(2)), {"start": "maybe"}, 400, "start"),
        (file_of(rows(2)), {"priority": "1"}, 400, "priority"),
    ],
    ids=lambda each: each if isinstance(each, str) else "",
)
def test_what_cannot_be_scored_is_refused_and_not_kept(gateway, job_folder, told, data, fields, status, words):  # noqa: F811
    answer = send(gateway, data, **fields)

    assert answer.status_code == status, answer.text
    assert any(word in answer.text for word in words.split("|")), answer.text
    assert (ScoreJob.objects.filter(client_id=gateway.client.id).count(), kept_files(job_folder), told) == (0, [], [])


def test_a_body_without_a_file_or_with_another_type_is_refused(gateway):
    headers = {"Idempotency-Key": str(uuid4())}
    empty = gateway.request("POST", "jobs", files={"other": ("a.csv", b"x")}, headers=headers)
    assert {each["field"] for each in empty.json()["errors"]} == {"file", "other"}
    assert gateway.post("jobs", {"file": "x"}).status_code == 415


def test_a_body_that_is_too_large_is_refused_while_it_comes_in(gateway, job_folder, monkeypatch):  # noqa: F811
    from sentinel import asgi
    from sentinel.api.upload_limit import body_bounded

    monkeypatch.setattr(asgi, "body_bounded", lambda handler, _: body_bounded(handler, 3_000))
    answer = send(gateway, file_of(mine(*rows(200))))
    sent = 0

    async def endless():
        nonlocal sent
        while True:
            sent += 1
            yield b"x" * 1_000

    headers = {"Content-Type": "multipart/form-data; boundary=b", "Idempotency-Key": "k"}
    streamed = gateway.request("POST", "jobs", content=endless(), headers=headers)

    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")
    assert (streamed.status_code, streamed.json()["code"], sent < 10) == (413, "body_too_large", True)
    assert kept_files(job_folder) == []


def test_nobody_sees_or_stops_the_jobs_of_others(gateway, stranger):
    job = send(gateway, file_of(mine(*rows(3)))).json()

    for answer in (
        stranger.get(f"jobs/{job['id']}"),
        stranger.get(f"jobs/{job['id']}/results"),
        act(stranger, job, "cancel"),
    ):
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert stranger.get("jobs").json()["results"] == []
    assert gateway.get("jobs/job_1").status_code == 404


def test_scopes_say_what_may_be_done_and_seen(new_gateway):
    plain = new_gateway(scopes=["jobs:write", "jobs:read"])
    job = send(plain, file_of(mine(*rows(3)))).json()
    work(job)
    assert set(results(plain, job)[0]) == {"line", "transaction_id", "outcome", "problems"}
    shown = plain.get(f"jobs/{job['id']}").json()
    assert not {"reasons", "scores"} & shown["summary"].keys()
    assert "versions" not in shown

    reader = new_gateway(scopes=["jobs:read"])
    assert send(reader, file_of(rows(2))).status_code == 403
    assert new_gateway(scopes=["jobs:write"]).get("jobs").status_code == 403


def test_without_workers_the_job_waits(gateway, monkeypatch):
    from kombu.exceptions import OperationalError

    def away(*_):
        raise OperationalError

    monkeypatch.setattr(job_continue, "delay", away)
    assert send(gateway, file_of(mine(*rows(3)))).json()["state"] == "uploaded"
