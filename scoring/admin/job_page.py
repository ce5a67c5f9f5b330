"""What the page of a scored file shows, by how far it is."""

from datetime import datetime
from typing import Any

from scoring.admin.job_charts import histogram, outcome_shares, shares
from scoring.domain.jobs.fields import FIELDS
from scoring.domain.jobs.readings import Reading, reading_faults
from scoring.domain.jobs.shapes import NATIVE, SHAPE_WORDS
from scoring.models import ScoreJob
from scoring.selectors.jobs import Progress, progress_of
from scoring.services.jobs.steering import UNDER_WAY

State = ScoreJob.State
_FAULTS_SHOWN = 100
_REASONS_SHOWN = 15


def job_page(job: ScoreJob, *, now: datetime, may_change: bool) -> dict[str, Any]:
    reading, is_checked = Reading.of_json(job.reading), job.state == State.CHECKED
    lacking = reading_faults(reading, job.header) if is_checked else []
    can_start = is_checked and not lacking and _has_good_rows(job)
    return {
        "job": job,
        "state": job.get_state_display(),
        "is_under_way": job.state in UNDER_WAY,
        "is_checked": is_checked,
        "lacking": lacking,
        "read_as": _read_as(reading),
        "progress": _progress(progress_of(job, now=now)) if job.started_at else None,
        "may_read": is_checked and may_change,
        "may_start": can_start and may_change,
        "may_pause": job.state in (State.SPLITTING, State.SCORING) and may_change,
        "may_continue": job.state == State.PAUSED and may_change,
        "may_cancel": job.state in (*UNDER_WAY, State.CHECKED, State.PAUSED) and may_change,
        **_check(job, may_see_rows=may_change),
        **_results(job),
    }


def _has_good_rows(job: ScoreJob) -> bool:
    checked = job.checked
    return bool(checked) and (checked["faulty"] < checked["rows"] or not checked["is_whole"])


def _read_as(reading: Reading) -> str:
    if reading.shape != NATIVE:
        return f"Read as {SHAPE_WORDS[reading.shape]}."
    named = [
        f"{FIELDS[name].partition(' (')[0]}: {column}" for name, column in reading.columns.items() if name in FIELDS
    ]
    return f"Read by its columns. {'; '.join(named)}." if named else "Nobody has said yet what its columns are."


def _progress(progress: Progress) -> dict[str, Any]:
    return {
        "rows": progress.rows,
        "rows_done": progress.rows_done,
        "percent": f"{progress.share:.0%}",
        "words": "" if progress.rows is None else f"{progress.rows_done:,} of {progress.rows:,} rows",
        "rate": "" if progress.rows_per_second is None else f"{progress.rows_per_second:,.0f} rows a second",
        "left": "" if progress.seconds_left is None else _time_left(progress.seconds_left),
    }


def _time_left(seconds: float) -> str:
    if seconds < 60:
        return "less than a minute left"
    minutes = round(seconds / 60)
    return f"about {minutes} min left" if minutes < 120 else f"about {round(minutes / 60)} h left"


def _check(job: ScoreJob, *, may_see_rows: bool) -> dict[str, Any]:
    checked = job.checked
    if not checked or job.state != State.CHECKED:
        return {}
    rows, examples = checked["rows"], checked["examples"] if may_see_rows else []
    return {
        "check": [
            ("Rows" if checked["is_whole"] else "First rows", f"{rows:,}", "that were looked at"),
            ("Payments", f"{rows - checked['faulty']:,}", "can be scored"),
            ("Problems", f"{checked['faulty']:,}", "rows that cannot be scored; the results name them"),
        ],
        "kinds": shares(checked["kinds"], rows, {}),
        "faults": checked["faults"][:_FAULTS_SHOWN],
        "faults_more": max(0, checked["faulty"] - _FAULTS_SHOWN),
        "examples_head": list(examples[0]) if examples else [],
        "examples": [[example.get(name, "") for name in examples[0]] for example in examples],
    }


def _results(job: ScoreJob) -> dict[str, Any]:
    told = job.summary
    if job.state not in (State.DONE, State.EXPIRED) or "scored" not in told:
        return {}
    scored = told["scored"]
    return {
        "figures": [
            ("Rows", f"{job.rows:,}", ""),
            ("Scored", f"{scored:,}", ""),
            ("Refused", f"{told['refused']:,}", "could not be scored; the results say why"),
        ],
        "outcomes": outcome_shares(told["outcomes"], scored),
        "scores": histogram(told["bins"], "Score") if any(told["bins"]) else None,
        "reasons": shares(told["reasons"], scored, told["words"], limit=_REASONS_SHOWN),
        "problems": shares(told["problems"], told["scored"] + told["refused"], {}, limit=_REASONS_SHOWN),
        "has_results": job.state == State.DONE,
    }
