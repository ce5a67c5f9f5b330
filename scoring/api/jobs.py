"""Files of payments that are scored: send one, follow it, stop it, fetch the results."""

import hashlib
import logging
from collections.abc import Callable
from typing import Any
from uuid import UUID

import orjson
from django.conf import settings
from django.http import HttpResponse, StreamingHttpResponse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from kombu.exceptions import OperationalError
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from ledger.services.operations import operation_once
from scoring.api.job_shapes import JobIn, JobOut, JobPage, job_json
from scoring.domain.jobs.fields import CONSTANTS
from scoring.models import ScoreJob
from scoring.selectors.jobs import job_of, jobs_of, progress_of
from scoring.services.jobs import steering
from scoring.services.jobs.fetching import results_blocks
from scoring.services.jobs.uploading import job_upload
from scoring.tasks import job_continue
from sentinel.api.documentation import IDEMPOTENCY_KEY, PAGE_PARAMETERS, problems
from sentinel.api.idempotency import idempotency_key
from sentinel.api.models import GatewayClient
from sentinel.api.pagination import page_of, query_parameters
from sentinel.api.streaming import csv_stream
from sentinel.api.views import ApiView, client_of
from sentinel.core.clients import ClientIdentity
from sentinel.core.errors import FieldError, InvalidRequest

TAGS = ["scoring"]
Upload = Any  # an UploadedFile, which is generic for type checkers alone
State = ScoreJob.State
_logger = logging.getLogger(__name__)


class JobsView(ApiView):
    scopes = {"GET": "jobs:read", "POST": "jobs:write"}
    parser_classes = [MultiPartParser]

    @extend_schema(
        operation_id="job_list",
        summary="List scored files",
        parameters=[*PAGE_PARAMETERS],
        responses={200: JobPage, **problems(400, 403)},
        tags=TAGS,
    )
    def get(self, request: Request) -> Response:
        """The client's own, newest first."""
        client = client_of(request)
        query_parameters(request)
        rows, links = page_of(jobs_of(client), request)
        return Response({**links, "results": [job_json(row, explain=_may_explain(client)) for row in rows]})

    @extend_schema(
        operation_id="job_create",
        summary="Score a file of payments",
        request={"multipart/form-data": JobIn},
        parameters=[IDEMPOTENCY_KEY],
        responses={201: JobOut, **problems(400, 403, 409, 413, 422)},
        tags=TAGS,
    )
    def post(self, request: Request) -> HttpResponse:
        """The file is checked, then scored by the rules, policy and model of that moment; nothing is recorded.

        Its columns are those of a payment, with names as in `columns`, or of a known public shape. An account that
        is granted to the client is described by its past and the file's earlier rows; any other by these alone. Rows
        that cannot be scored are named in the results.
        """
        client, key, now = client_of(request), idempotency_key(request), timezone.now()
        file, columns, constants, start = _form(request)
        content = {
            "sha256": _sha256(file),
            "name": file.name,
            "columns": columns,
            "constants": constants,
            "start": start,
        }

        def work(job_id: UUID) -> tuple[int, dict[str, Any]]:
            job = job_upload(
                actor=client.name,
                client=GatewayClient.objects.get(pk=client.client_id),
                file_name=file.name or "file.csv",
                content=file.chunks(),
                columns=columns,
                constants=constants,
                starts_by_itself=start,
                job_id=job_id,
                now=now,
            )
            return 201, job_json(job, progress_of(job, now=now), explain=_may_explain(client))

        reply = operation_once(client=client, key=key, operation="job", content=content, now=now, work=work)
        job_begin(UUID(orjson.loads(reply.body)["id"].removeprefix("job_")))
        headers = {"Idempotent-Replayed": "true"} if reply.replayed else {}
        return HttpResponse(reply.body, status=reply.status_code, headers=headers, content_type="application/json")


class JobView(ApiView):
    scopes = {"GET": "jobs:read"}

    @extend_schema(
        operation_id="job_read",
        summary="Read a scored file",
        responses={200: JobOut, **problems(403, 404)},
        tags=TAGS,
    )
    def get(self, request: Request, job_id: str) -> Response:
        """With what the check found, its progress, and the summary once it is done."""
        client = client_of(request)
        return _answer(job_of(client, job_id), client)


class ResultsView(ApiView):
    scopes = {"GET": "jobs:read"}

    @extend_schema(
        operation_id="job_results",
        summary="Fetch the results of a file",
        responses={(200, "text/csv"): OpenApiTypes.BINARY, **problems(403, 404, 409)},
        tags=TAGS,
    )
    def get(self, request: Request, job_id: str) -> StreamingHttpResponse:
        """CSV, one row for each row of the file, in its order; scores and reasons with the scope decisions:explain.

        A cell that a spreadsheet would take for a formula has an apostrophe before it.
        """
        client = client_of(request)
        job = job_of(client, job_id)
        return csv_stream(results_blocks(job, may_explain=_may_explain(client)), f"{job.public_id}.csv")


class _StepView(ApiView):
    """One thing that is done to a job. Doing it again changes nothing."""

    scopes = {"POST": "jobs:write"}
    step: Callable[..., None]
    already: tuple[str, ...]

    def act(self, request: Request, job_id: str) -> Response:
        client = client_of(request)
        job = job_of(client, job_id)
        if job.state not in self.already:
            type(self).step(actor=client.name, job=job, now=timezone.now())
            job.refresh_from_db()
            job_begin(job.pk)
        return _answer(job, client)


class PauseView(_StepView):
    step, already = steering.job_pause, (State.PAUSED,)

    @extend_schema(
        operation_id="job_pause",
        summary="Pause a job",
        request=None,
        responses={200: JobOut, **problems(403, 404, 409)},
        tags=TAGS,
    )
    def post(self, request: Request, job_id: str) -> Response:
        """Workers stop within moments. What is done stays done."""
        return self.act(request, job_id)


class ContinueView(_StepView):
    step, already = steering.job_continue, (State.SPLITTING, State.SCORING, State.FINISHING, State.DONE)

    @extend_schema(
        operation_id="job_continue",
        summary="Go on with a job",
        request=None,
        responses={200: JobOut, **problems(400, 403, 404, 409)},
        tags=TAGS,
    )
    def post(self, request: Request, job_id: str) -> Response:
        """After a pause, or when it waits after its check."""
        return self.act(request, job_id)


class CancelView(_StepView):
    step, already = steering.job_cancel, (State.CANCELLED,)

    @extend_schema(
        operation_id="job_cancel",
        summary="Cancel a job",
        request=None,
        responses={200: JobOut, **problems(403, 404, 409)},
        tags=TAGS,
    )
    def post(self, request: Request, job_id: str) -> Response:
        """Its file is deleted, and so is what was scored of it."""
        return self.act(request, job_id)


def job_begin(job_id: UUID) -> bool:
    """Tells a worker. When the message gets lost, the clock of the workers finds the job within half a minute."""
    try:
        job_continue.delay(str(job_id))
    except OperationalError:
        _logger.warning("no worker could be told of job %s", job_id)
        return False
    return True


def _answer(job: ScoreJob, client: ClientIdentity) -> Response:
    return Response(job_json(job, progress_of(job, now=timezone.now()), explain=_may_explain(client)))


def _may_explain(client: ClientIdentity) -> bool:
    return client.may("decisions:explain")


Form = tuple[Upload, dict[str, str], dict[str, str], bool]


def _form(request: Request) -> Form:
    """File, columns, constants, whether it starts by itself. Errors: InvalidRequest names the field."""
    fields, errors = request.POST, []
    known = {"columns", "start", *CONSTANTS}
    errors += [FieldError(name, "unknown_field", "There is no such field.") for name in fields if name not in known]
    errors += [FieldError(name, "unknown_field", "Send one file.") for name in request.FILES if name != "file"]
    errors += [FieldError(name, "sent_twice", "Send it once.") for name, sent in fields.lists() if len(sent) > 1]
    files = request.FILES.getlist("file")
    if len(files) != 1:
        errors.append(FieldError("file", "required" if not files else "sent_twice", "Send one file."))
    if fields.get("start", "true") not in ("true", "false"):
        errors.append(FieldError("start", "not_a_choice", "true or false."))
    columns = _columns(fields.get("columns", "{}"), errors)
    constants = {"currency": settings.REPORTING_CURRENCY, "transaction_type": "purchase"}
    for name in CONSTANTS:
        if name in fields:
            constants[name] = fields[name]
            if fields[name] not in CONSTANTS[name]:
                errors.append(FieldError(name, "not_a_choice", f"There is no such {name}."))
    if errors:
        raise InvalidRequest(f"Check {', '.join(error.field for error in errors[:5])}.", errors=errors)
    return files[0], columns, constants, fields.get("start", "true") == "true"


def _columns(text: str, errors: list[FieldError]) -> dict[str, str]:
    try:
        columns = orjson.loads(text)
    except ValueError:
        columns = None
    if not isinstance(columns, dict) or not all(isinstance(column, str) for column in columns.values()):
        errors.append(FieldError("columns", "wrong_type", "Send a JSON object, field to column."))
        return {}
    return columns


def _sha256(file: Upload) -> str:
    digest = hashlib.sha256()
    for block in file.chunks():
        digest.update(block)
    return digest.hexdigest()
