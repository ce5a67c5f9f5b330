"""The way of a job: checked, split, scored part by part, put together; and what stops it on the way."""

import csv
import io
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import DatabaseError, transaction
from django.utils import timezone

from ledger.models import AuditEntry
from scoring.domain.jobs.readings import Reading
from scoring.errors import JobNotReady
from scoring.models import JobPart, ScoreJob
from scoring.services.jobs import leases, scoring, working
from scoring.services.jobs.fetching import results_blocks
from scoring.services.jobs.steering import (
    job_cancel,
    job_continue,
    job_pause,
    job_read_as,
    job_start,
    jobs_expire,
)
from scoring.services.jobs.working import job_work, jobs_idle
from sentinel.core.errors import Unavailable
from tests.rulesets import live_rules
from tests.scoring.jobs.conftest import kept_files
from tests.scoring.jobs.files import CONSTANTS, HEADER, file_of, row, rows, uploaded

State = ScoreJob.State


@pytest.fixture(autouse=True)
def small_parts(settings, committed):
    settings.JOB_PART_BYTES = 1_000


def results(job: ScoreJob, *, may_explain: bool = True) -> list[dict[str, str]]:
    text = b"".join(results_blocks(job, may_explain=may_explain)).decode()
    return list(csv.DictReader(io.StringIO(text)))


def mine(*lines: str) -> list[str]:
    """With accounts that no other test has."""
    mark = uuid4().hex[:8]
    return [line.replace("acc_", f"acc_{mark}_") for line in lines]


def test_every_row_is_answered_once_in_the_order_of_the_file(run, job_folder):
    job = run(uploaded(file_of(mine(*rows(200, accounts=20)))))

    assert (job.state, job.error, job.rows) == (State.DONE, "", 200)
    assert [each["line"] for each in results(job)] == [str(number) for number in range(2, 202)]
    assert [each["transaction_id"] for each in results(job)] == [f"T-{number}" for number in range(200)]
    assert {each["outcome"] for each in results(job)} == {"approve"}
    assert (job.summary["scored"], job.summary["refused"], job.summary["outcomes"]) == (200, 0, {"approve": 200})
    assert job.parts.count() > 5
    assert kept_files(job_folder) == [job.results_name]
    assert job.expires_at == job.ended_at + timedelta(days=30)


def test_into_how_many_parts_a_file_is_split_does_not_change_what_comes_out(run, settings):
    data = file_of(mine(*rows(150, accounts=7)))
    found = []
    for part_bytes in (500, 3_000, 1_000_000):
        settings.JOB_PART_BYTES = part_bytes
        found.append(results(run(uploaded(data))))

    assert found[0] == found[1] == found[2]


def test_rows_that_cannot_be_scored_are_named_and_the_others_are_scored(run):
    lines = mine(row(1), row(2, amount="x"), "ragged", row(1, "acc_2"), row(3, id="=1+1"), row(4, account_id="@x"))
    job = run(uploaded(file_of(lines)))

    good, amount, ragged, twice, formula, account = results(job)
    assert good["outcome"] == "approve"
    assert (amount["outcome"], amount["problems"][:8], amount["transaction_id"]) == ("", "amount: ", "T-2")
    assert (ragged["line"], ragged["problems"]) == (
        "4",
        "row: The row has 1 cells, and the first line names 7 columns.",
    )
    assert twice["problems"] == "transaction_id: Line 2 has this transaction id already."
    assert (formula["outcome"], formula["transaction_id"]) == ("approve", "'=1+1")
    assert account["problems"].startswith("account_id: ")
    assert (job.summary["scored"], job.summary["refused"]) == (2, 4)
    assert job.summary["problems"]["transaction_id: repeated"] == 1


def test_whoever_may_not_see_reasons_gets_outcomes(run):
    job = run(uploaded(file_of(mine(*rows(30)))))

    assert list(results(job, may_explain=False)[0]) == ["line", "transaction_id", "outcome", "problems"]
    assert [each["outcome"] for each in results(job, may_explain=False)] == [each["outcome"] for each in results(job)]


def test_a_file_is_checked_and_waits_until_somebody_starts_it(work):
    job = work(uploaded(file_of([*mine(*rows(5)), "ragged"])))

    assert (job.state, job.checked["rows"], job.checked["faulty"]) == (State.CHECKED, 6, 1)
    assert job.checked["faults"][0]["line"] == 7
    assert job.checked["examples"][0]["transaction_id"] == "T-0"
    job_start(actor="tests", job=job, now=timezone.now())
    assert work(job).state == State.DONE
    assert "examples" not in job.checked


def test_a_file_that_starts_by_itself_goes_all_the_way(work):
    job = work(uploaded(file_of(mine(*rows(5))), starts_by_itself=True))

    assert (job.state, job.summary["scored"]) == (State.DONE, 5)
    said = AuditEntry.objects.filter(subject=job.public_id).order_by("id").values_list("action", flat=True)
    assert list(said) == [f"score_job.{what}" for what in ("uploaded", "started", "done")]


def test_a_file_of_strange_columns_waits_for_somebody_who_knows_them(work):
    job = work(uploaded(file_of(mine(row(1)), header="a,b,c,d,e,f,g")))
    assert (job.state, job.checked) == (State.CHECKED, {})
    with pytest.raises(Exception, match="No column says the account_id"):
        job_start(actor="tests", job=job, now=timezone.now())

    columns = dict(zip(HEADER.split(","), "abcdefg", strict=True))
    job_read_as(actor="tests", job=job, reading=Reading(columns=columns, constants=CONSTANTS), now=timezone.now())
    job = work(job)
    assert (job.state, job.checked["faulty"]) == (State.CHECKED, 0)


def test_a_file_without_one_good_row_is_not_started(work):
    job = work(uploaded(file_of(["ragged", "row"])))

    with pytest.raises(JobNotReady, match="No row of the file can be scored"):
        job_start(actor="tests", job=job, now=timezone.now())
    job.refresh_from_db()
    assert job.state == State.CHECKED


def test_a_file_that_turns_out_damaged_fails_with_words_and_leaves_nothing(run, job_folder):
    job = run(uploaded(file_of([*mine(*rows(2000)), 'T-9,"acc'])))

    assert (job.state, job.parts.count()) == (State.FAILED, 0)
    assert "a quotation mark is opened and never closed" in job.error
    assert kept_files(job_folder) == []


def test_a_pause_keeps_what_is_done_and_it_goes_on_from_there(work):
    job = uploaded(file_of(mine(*rows(200, accounts=20))))
    job_start(actor="tests", job=job, now=timezone.now())
    work(job, steps=3)
    done = set(job.parts.filter(is_done=True).values_list("number", "results_name"))
    job_pause(actor="tests", job=job, now=timezone.now())

    assert job_work(job.pk) == 0
    assert len(done) == 2
    job_continue(actor="tests", job=job, now=timezone.now())
    assert work(job).state == State.DONE
    assert done < set(job.parts.values_list("number", "results_name"))
    assert len(results(job)) == 200


def test_a_cancelled_job_leaves_nothing(work, job_folder):
    job = uploaded(file_of(mine(*rows(200, accounts=20))))
    job_start(actor="tests", job=job, now=timezone.now())
    work(job, steps=3)
    job_cancel(actor="tests", job=job, now=timezone.now())

    job = work(job)
    assert (job.state, kept_files(job_folder)) == (State.CANCELLED, [])
    with pytest.raises(JobNotReady):
        results(job)
    for step in (job_start, job_pause, job_continue, job_cancel):
        with pytest.raises(JobNotReady):
            step(actor="tests", job=job, now=timezone.now())


def test_whoever_is_cut_off_is_followed_by_somebody_else_when_the_lease_ends(work, settings):
    job = uploaded(file_of(mine(*rows(100, accounts=10))))
    job_start(actor="tests", job=job, now=timezone.now())
    work(job, steps=1)
    job.refresh_from_db()
    lost = leases.part_lease_take(job)
    assert lost

    job = work(job)
    assert (job.state, job.parts.filter(is_done=False).count()) == (State.SCORING, 1)
    assert job.pk not in jobs_idle()
    JobPart.objects.filter(pk=lost.part.pk).update(lease_until=timezone.now() - timedelta(seconds=1))
    assert job.pk in jobs_idle()
    job = work(job)
    assert (job.state, len(results(job)), job.parts.get(pk=lost.part.pk).attempts) == (State.DONE, 100, 2)


def test_whoever_comes_back_after_the_lease_was_given_away_adds_nothing(work, monkeypatch, job_folder):
    def slow(*arguments, **named):
        monkeypatch.setattr(working, "part_score", score)
        scored = score(*arguments, **named)
        job.parts.update(lease_until=timezone.now() - timedelta(seconds=1))
        assert work(job).state == State.DONE
        return scored

    score = scoring.part_score
    monkeypatch.setattr(working, "part_score", slow)
    job = uploaded(file_of(mine(*rows(20, accounts=1))))
    job_start(actor="tests", job=job, now=timezone.now())
    job = work(job)

    assert (job.state, len(results(job)), job.parts.get().attempts) == (State.DONE, 20, 2)
    assert kept_files(job_folder) == [job.results_name]


def test_a_part_that_fails_is_tried_again_and_then_fails_the_job_with_words(work, monkeypatch, job_folder):
    calls = []

    def fails(path, scoring, *, on_rows):
        calls.append(path)
        raise ZeroDivisionError

    job = uploaded(file_of(mine(*rows(20, accounts=1))))
    job_start(actor="tests", job=job, now=timezone.now())
    monkeypatch.setattr(working, "part_score", fails)
    job = work(job)

    assert (job.state, len(calls)) == (State.FAILED, leases.ATTEMPTS_MAX)
    assert "could not be scored in 3 tries. ZeroDivisionError: see the log." in job.error
    assert kept_files(job_folder) == []


def test_a_part_that_no_worker_survives_fails_the_job(work):
    job = uploaded(file_of(mine(*rows(20, accounts=1))))
    job_start(actor="tests", job=job, now=timezone.now())
    work(job, steps=1)
    job.refresh_from_db()
    for _ in range(leases.ATTEMPTS_MAX):
        assert leases.part_lease_take(job)
        job.parts.update(lease_until=timezone.now() - timedelta(seconds=1))

    job = work(job)
    assert (job.state, "did not survive" in job.error) == (State.FAILED, True)


def test_a_failure_once_does_no_harm(work, monkeypatch):
    calls = []

    def fails_once(*arguments, **named):
        calls.append(arguments)
        if len(calls) == 1:
            raise ZeroDivisionError
        return score(*arguments, **named)

    score = scoring.part_score
    monkeypatch.setattr(working, "part_score", fails_once)
    job = uploaded(file_of(mine(*rows(50, accounts=5))))
    job_start(actor="tests", job=job, now=timezone.now())

    assert (work(job).state, len(results(job))) == (State.DONE, 50)


def test_a_database_that_is_away_for_a_while_is_no_fault_of_a_part(work, monkeypatch):
    def away(*arguments, **named):
        raise Unavailable

    score = scoring.part_score
    monkeypatch.setattr(working, "part_score", away)
    job = uploaded(file_of(mine(*rows(20, accounts=1))))
    job_start(actor="tests", job=job, now=timezone.now())
    for _ in range(leases.ATTEMPTS_MAX + 1):
        job = work(job)
    assert (job.state, job.parts.get().attempts, job.pk in jobs_idle()) == (State.SCORING, 0, True)

    monkeypatch.setattr(working, "part_score", score)
    assert (work(job).state, len(results(job))) == (State.DONE, 20)


def test_the_database_keeps_a_done_part_as_it_is(run):
    job = run(uploaded(file_of(mine(*rows(20)))))

    with pytest.raises(DatabaseError, match="is done and stays as it is"), transaction.atomic():
        job.parts.update(results_name="another")
    with pytest.raises(DatabaseError), transaction.atomic():
        ScoreJob.objects.filter(pk=job.pk).update(results_name="")


def test_results_expire_and_so_does_what_nobody_started(run, work, job_folder):
    done, waiting = run(uploaded(file_of(mine(*rows(5))))), work(uploaded(file_of(mine(*rows(5)))))
    ScoreJob.objects.filter(pk=waiting.pk).update(created_at=timezone.now() - timedelta(days=31))

    jobs_expire(now=done.expires_at - timedelta(seconds=1))
    waiting.refresh_from_db()
    assert (waiting.state, kept_files(job_folder)) == (State.EXPIRED, [done.results_name])
    jobs_expire(now=done.expires_at)
    done.refresh_from_db()
    assert (done.state, kept_files(job_folder), done.summary["scored"]) == (State.EXPIRED, [], 5)


def test_what_is_scored_is_fixed_when_it_starts(work):
    job = uploaded(file_of(mine(*rows(5))))
    job_start(actor="tests", job=job, now=timezone.now())

    with live_rules(
        review={"field": "amount", "operator": "greater_than", "value": {"amount": "1", "currency": "INR"}}
    ):
        job = work(job)
        later = work(uploaded(file_of(mine(*rows(5))), starts_by_itself=True))

    assert job.summary["outcomes"] == {"approve": 5}
    assert (later.summary["outcomes"], later.ruleset_version > job.ruleset_version) == ({"review": 5}, True)
