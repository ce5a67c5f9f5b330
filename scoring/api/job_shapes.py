"""Bodies of jobs."""

from typing import Any, Literal

from pydantic import BaseModel, Field

from ledger.domain.receipts import rfc3339
from scoring.api.predictions import PredictionVersionsOut
from scoring.models import ScoreJob
from scoring.selectors.jobs import Progress

_FAULTS_SHOWN = 100
JobState = Literal[
    "uploaded", "checked", "splitting", "scoring", "finishing", "done", "paused", "cancelled", "failed", "expired"
]


class JobIn(BaseModel):
    """A multipart form."""

    file: bytes = Field(description="CSV in UTF-8, also packed with gzip.")
    columns: str | None = Field(
        None,
        description="What columns say whose names do not: a JSON object, field to column.",
        examples=['{"account_id": "customer", "amount": "value"}'],
    )
    currency: str | None = Field(None, description="Of all rows, when no column says it.", examples=["INR"])
    transaction_type: Literal["purchase", "withdrawal", "transfer", "top_up"] | None = Field(
        None, description="Of all rows, when no column says it; purchase unless told."
    )
    channel: str | None = Field(None, description="Of all rows, when no column says it.", examples=["ecommerce"])
    start: Literal["true", "false"] | None = Field(
        None, description="false: stop after the check, and start with `continue`. true unless told."
    )


class JobFaultOut(BaseModel):
    line: int
    column: str
    words: str


class JobCheckOut(BaseModel):
    """`is_whole` is false when only the first rows were looked at; `faults` are the first of them."""

    rows: int
    faulty: int
    is_whole: bool
    kinds: dict[str, int]
    faults: list[JobFaultOut]


class JobProgressOut(BaseModel):
    """`rows` is null until the file is split; rate and time left are null while nothing moves."""

    rows: int | None
    rows_done: int
    rows_per_second: float | None
    seconds_left: float | None


class JobSummaryOut(BaseModel):
    """Reasons (rows by code) and scores (rows by twentieths) only with the scope decisions:explain."""

    scored: int
    refused: int
    outcomes: dict[str, int]
    problems: dict[str, int]
    reasons: dict[str, int] | None = None
    scores: list[int] | None = None


class JobOut(BaseModel):
    """`check` and `progress` are left out of lists. Versions only with the scope decisions:explain."""

    id: str = Field(examples=["job_0192f0c1a2b37c4d8e9f0a1b2c3d4e5f"])
    state: JobState
    file_name: str
    file_sha256: str
    size_bytes: int
    livemode: bool
    shape: str
    columns: dict[str, str]
    constants: dict[str, str]
    error: str | None
    created_at: str
    started_at: str | None
    ended_at: str | None
    expires_at: str | None
    summary: JobSummaryOut | None
    check: JobCheckOut | None = None
    progress: JobProgressOut | None = None
    versions: PredictionVersionsOut | None = None


class JobPage(BaseModel):
    next: str | None
    previous: str | None
    results: list[JobOut]


def job_json(job: ScoreJob, progress: Progress | None = None, *, explain: bool) -> dict[str, Any]:
    shown = {
        "id": job.public_id,
        "state": job.state,
        "file_name": job.file_name,
        "file_sha256": job.file_sha256,
        "size_bytes": job.size_bytes,
        "livemode": job.livemode,
        **job.reading,
        "error": job.error or None,
        **{name: _moment(getattr(job, name)) for name in ("created_at", "started_at", "ended_at", "expires_at")},
        "summary": _summary(job, explain=explain),
    }
    if explain and job.ruleset_version is not None:
        shown["versions"] = {
            "ruleset": job.ruleset_version, "policy": job.policy_version, "model": job.model_version
        }  # fmt: skip
    if progress is None:
        return shown
    check = {name: job.checked[name] for name in ("rows", "faulty", "is_whole", "kinds")} if job.checked else None
    if check is not None:
        check["faults"] = job.checked["faults"][:_FAULTS_SHOWN]
    told = {name: getattr(progress, name) for name in JobProgressOut.model_fields}
    return {**shown, "check": check, "progress": told}


def _summary(job: ScoreJob, *, explain: bool) -> dict[str, Any] | None:
    if job.state not in (ScoreJob.State.DONE, ScoreJob.State.EXPIRED) or "scored" not in job.summary:
        return None
    told = {name: job.summary[name] for name in ("scored", "refused", "outcomes", "problems")}
    return {**told, "reasons": job.summary["reasons"], "scores": job.summary["bins"]} if explain else told


def _moment(moment: Any) -> str | None:
    return None if moment is None else rfc3339(moment)
