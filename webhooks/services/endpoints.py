"""Endpoints of gateway clients: made, changed, paused, resumed, deleted; their secrets. All audited."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction

from ledger.services.audit import audit_record
from ledger.services.card_numbers import card_numbers_refuse
from rules.services.alarms import alarm_raise
from sentinel.api.models import GatewayClient
from sentinel.core.errors import FieldError
from sentinel.core.ids import uuid7
from webhooks.domain.endpoint_urls import url_refusal
from webhooks.domain.event_types import BANK_EVENTS, EVENT_TYPES
from webhooks.domain.headers import headers_refusal
from webhooks.domain.signing import secret_make
from webhooks.errors import EndpointInvalid, EndpointStateRefused, EndpointsTooMany
from webhooks.models import Delivery, Endpoint, EndpointSecret
from webhooks.models.deliveries import DeliveryState
from webhooks.models.endpoints import EndpointState
from webhooks.services.endpoint_secrets import endpoint_secret_store

CONCURRENCY_MAX = 32
_TELLING = (EndpointState.ACTIVE, EndpointState.PAUSED)
_OFF = (EndpointState.PAUSED, EndpointState.DISABLED)


@dataclass(frozen=True, slots=True)
class EndpointTerms:
    """What a client or an operator says of an endpoint. No event types: all that tell of transactions."""

    url: str
    description: str = ""
    event_types: Sequence[str] = ()
    merchant_id: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    concurrency_max: int = 8


@transaction.atomic
def endpoint_create(
    *, client: GatewayClient, terms: EndpointTerms, actor: str, now: datetime
) -> tuple[Endpoint, str]:
    """The endpoint, and its secret: returned here and never again.

    Errors: EndpointInvalid names the fields; EndpointsTooMany; InvalidRequest for a card number. Locks: the client.
    """
    _refuse(terms, client)
    GatewayClient.objects.select_for_update().get(pk=client.pk)
    if client.endpoints.exclude(state=EndpointState.DELETED).count() >= settings.WEBHOOK_ENDPOINTS_MAX:
        raise EndpointsTooMany(f"A client has at most {settings.WEBHOOK_ENDPOINTS_MAX} endpoints. Delete one first.")
    endpoint = Endpoint(id=uuid7(), client=client, created_at=now, created_by=actor, **_columns(terms))
    endpoint.save(force_insert=True)
    secret = _secret_add(endpoint, now)
    _audit(endpoint, "create", _told(terms), actor, now)
    return endpoint, secret


@transaction.atomic
def endpoint_change(*, endpoint: Endpoint, terms: EndpointTerms, actor: str, now: datetime) -> Endpoint:
    """Later events go by the new terms; what waits already is sent to the new URL.

    Only what differs from the endpoint as it was read is changed: somebody may change another part of it meanwhile.
    Errors: EndpointInvalid, EndpointStateRefused for one that was deleted, InvalidRequest for a card number.
    """
    wanted = {name: value for name, value in _columns(terms).items() if getattr(endpoint, name) != value}
    endpoint = _locked(endpoint, *EndpointState.values[:3])
    before = {name: getattr(endpoint, name) for name in _columns(terms)}
    _refuse(EndpointTerms(**{**before, **wanted}), endpoint.client)
    changed = {name: value for name, value in wanted.items() if before[name] != value}
    for name, value in changed.items():
        setattr(endpoint, name, value)
    if changed:
        endpoint.save(update_fields=list(changed))
        _audit(endpoint, "change", _told_safely(changed), actor, now)
    return endpoint


@transaction.atomic
def endpoint_pause(*, endpoint: Endpoint, actor: str, now: datetime) -> None:
    """Events gather, and are sent when it is resumed. Errors: EndpointStateRefused."""
    endpoint = _locked(endpoint, EndpointState.ACTIVE)
    _move(endpoint, EndpointState.PAUSED, "")
    _audit(endpoint, "pause", {}, actor, now)


@transaction.atomic
def endpoint_resume(*, endpoint: Endpoint, actor: str, now: datetime) -> None:
    """What waits is sent as it becomes due. After it was disabled nothing has been gathered: recover since then.

    Errors: EndpointStateRefused; EndpointInvalid when the URL would not be accepted any more.
    """
    endpoint = _locked(endpoint, *_OFF)
    if words := url_refusal(endpoint.url, is_development=settings.DEVELOPMENT):
        raise EndpointInvalid(words, errors=[FieldError("url", "refused", words)])
    endpoint.failing_since = endpoint.wait_until = None
    _move(endpoint, EndpointState.ACTIVE, "")
    _audit(endpoint, "resume", {}, actor, now)


@transaction.atomic
def endpoint_delete(*, endpoint: Endpoint, actor: str, now: datetime) -> None:
    """Nothing is sent to it any more, its secrets are gone; its log stays for a while."""
    endpoint = _locked(endpoint, *EndpointState.values[:3])
    _move(endpoint, EndpointState.DELETED, "")
    endpoint.secrets.all().delete()
    _give_up_waiting(endpoint, now)
    _audit(endpoint, "delete", {"url": endpoint.url}, actor, now)


@transaction.atomic
def endpoint_disable(*, endpoint: Endpoint, reason: str, now: datetime) -> bool:
    """The system gives up on the endpoint, and says so. False when it was not being sent to any more."""
    own = Endpoint.objects.select_related("client").select_for_update(of=("self",), no_key=True)
    found = own.filter(pk=endpoint.pk, state__in=_TELLING).first()
    if found is None:
        return False
    _move(found, EndpointState.DISABLED, reason)
    _give_up_waiting(found, now)
    _audit(found, "disable", {"reason": reason}, "system", now)
    # Its URL may hold a token, and alarms are read by others than its client.
    words = f"An endpoint of {found.client} was disabled: {reason} Resume it and recover what it missed."
    alarm_raise(kind="webhook.endpoint_disabled", subject=f"endpoint:{found.public_id}", words=words, now=now)
    return True


@transaction.atomic
def endpoint_secret_rotate(*, endpoint: Endpoint, actor: str, now: datetime) -> str:
    """The new secret: returned here and never again. The old one signs beside it for the published hours.

    Errors: EndpointStateRefused for one that was deleted.
    """
    endpoint = _locked(endpoint, *EndpointState.values[:3])
    endpoint.secrets.filter(expires_at__isnull=False).delete()  # at most two sign
    until = now + timedelta(hours=settings.WEBHOOK_OVERLAP_HOURS)
    endpoint.secrets.filter(expires_at__isnull=True).update(expires_at=until)
    secret = _secret_add(endpoint, now)
    _audit(endpoint, "secret_rotate", {"old_until": until.isoformat()}, actor, now)
    return secret


def secrets_forget(*, now: datetime) -> int:
    """Forget secrets whose time is over; returns how many."""
    return EndpointSecret.objects.filter(expires_at__lte=now).delete()[0]


def _refuse(terms: EndpointTerms, client: GatewayClient) -> None:
    card_numbers_refuse(url=terms.url, description=terms.description, merchant_id=terms.merchant_id)
    card_numbers_refuse(**{f"headers.{name}": str(value) for name, value in terms.headers.items()})
    wrong = {
        "url": url_refusal(terms.url, is_development=settings.DEVELOPMENT),
        "event_types": _types_refusal(terms, client),
        "headers": headers_refusal(dict(terms.headers)),
        "concurrency_max": None if 1 <= terms.concurrency_max <= CONCURRENCY_MAX else f"From 1 to {CONCURRENCY_MAX}.",
        "description": "At most 200 characters." if len(terms.description) > 200 else None,
        "merchant_id": "At most 100 characters." if len(terms.merchant_id) > 100 else None,
    }
    if errors := [FieldError(name, "refused", words) for name, words in wrong.items() if words]:
        raise EndpointInvalid(" ".join(error.message for error in errors), errors=errors)


def _types_refusal(terms: EndpointTerms, client: GatewayClient) -> str | None:
    if unknown := sorted(set(terms.event_types) - EVENT_TYPES.keys()):
        return f"There is no event {', '.join(unknown)}. Known are: {', '.join(EVENT_TYPES)}."
    of_the_bank = sorted(set(terms.event_types) & BANK_EVENTS.keys())
    if of_the_bank and (not client.livemode or "alerts:read" not in client.scopes):
        return f"{', '.join(of_the_bank)}: only for live clients with the scope alerts:read."
    if of_the_bank and terms.merchant_id:
        return f"{', '.join(of_the_bank)}: not for an endpoint of one merchant."
    return None


def _columns(terms: EndpointTerms) -> dict[str, Any]:
    return asdict(terms) | {"event_types": sorted(set(terms.event_types)), "headers": dict(terms.headers)}


def _told(terms: EndpointTerms) -> dict[str, Any]:
    return _told_safely(_columns(terms))


def _told_safely(columns: Mapping[str, Any]) -> dict[str, Any]:
    """Values of headers are often tokens: the audit keeps their names."""
    return {name: sorted(value) if name == "headers" else value for name, value in columns.items()}


def _secret_add(endpoint: Endpoint, now: datetime) -> str:
    secret = secret_make()
    EndpointSecret.objects.create(endpoint=endpoint, encrypted=endpoint_secret_store(secret), created_at=now)
    return secret


def _locked(endpoint: Endpoint, *states: str) -> Endpoint:
    own = Endpoint.objects.select_related("client").select_for_update(of=("self",), no_key=True)
    found = own.get(pk=endpoint.pk)
    if found.state not in states:
        raise EndpointStateRefused(f"The endpoint is {found.state}.")
    return found


def _move(endpoint: Endpoint, state: EndpointState, reason: str) -> None:
    endpoint.state, endpoint.state_reason = state, reason[:200]
    endpoint.save(update_fields=["state", "state_reason", "failing_since", "wait_until"])


def _give_up_waiting(endpoint: Endpoint, now: datetime) -> None:
    waiting = Delivery.objects.filter(endpoint=endpoint, state=DeliveryState.WAITING)
    waiting.update(state=DeliveryState.DEAD, ended_at=now, woken_until=None, lease_until=None)


def _audit(endpoint: Endpoint, action: str, details: dict[str, Any], actor: str, now: datetime) -> None:
    subject = f"endpoint:{endpoint.public_id}"
    audit_record(actor=actor, action=f"endpoint.{action}", subject=subject, details=details, now=now)
