"""Health for machines and people. Open to all, so nothing here tells an address, a name or a secret."""

from typing import Any

from asgiref.sync import sync_to_async
from django.http import HttpRequest, JsonResponse

from sentinel.ops.health import ProbeResult, degraded, is_ready, run_probes

_run_probes = sync_to_async(run_probes, thread_sensitive=False)


async def livez(request: HttpRequest) -> JsonResponse:
    """This process answers. Asks nobody else: a restart would not heal them."""
    return never_cached({"status": "alive"})


async def readyz(request: HttpRequest) -> JsonResponse:
    """200 when payments can be decided and recorded, 503 when not; `degraded` lists what else is missing."""
    results = await _run_probes()
    content = {
        "status": "ready" if is_ready(results) else "not_ready",
        "degraded": degraded(results),
        "checks": {result.name: state_of(result) for result in results},
    }
    return never_cached(content, status=200 if is_ready(results) else 503)


async def health(request: HttpRequest) -> JsonResponse:
    """The same as /readyz, in words for people."""
    results = await _run_probes()
    content = {
        "status": "healthy" if all(result.is_well for result in results) else word_for_unwell(results),
        "words": sentence(results),
        "checks": {result.name: result.detail for result in results},
    }
    return never_cached(content, status=200 if is_ready(results) else 503)


async def services_status(request: HttpRequest) -> JsonResponse:
    """Each service with its state, how long it took to answer, and what it is."""
    services = [
        {
            "name": result.name,
            "state": "up" if result.is_well else "down",
            "latency_ms": result.latency_ms,
            "version": result.detail if result.is_well else None,
        }
        for result in await _run_probes()
    ]
    return never_cached({"services": services})


def state_of(result: ProbeResult) -> dict[str, Any]:
    return {
        "state": "ok" if result.is_well else "failing",
        "critical": result.is_critical,
        "detail": result.detail,
        "latency_ms": result.latency_ms,
    }


def word_for_unwell(results: list[ProbeResult]) -> str:
    return "degraded" if is_ready(results) else "unhealthy"


def sentence(results: list[ProbeResult]) -> str:
    unwell = ", ".join(result.name for result in results if not result.is_well)
    if not unwell:
        return "Everything works."
    if is_ready(results):
        return f"Payments are decided and recorded, without: {unwell}."
    return f"Payments cannot be decided now. Not working: {unwell}."


def never_cached(content: dict[str, Any], *, status: int = 200) -> JsonResponse:
    return JsonResponse(content, status=status, headers={"Cache-Control": "no-store"})
