"""What can be done with an endpoint: what each step says, asks for, and calls. One page serves all of them."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.conf import settings
from django.utils import timezone

from ledger.admin.words import zoned
from webhooks.models import Endpoint
from webhooks.models.endpoints import EndpointState
from webhooks.services.endpoints import (
    endpoint_delete,
    endpoint_pause,
    endpoint_resume,
    endpoint_secret_rotate,
)
from webhooks.services.recovery import endpoint_recover, endpoint_test

_ACTIVE, _PAUSED, _DISABLED = EndpointState.ACTIVE, EndpointState.PAUSED, EndpointState.DISABLED


class NothingForm(forms.Form):
    """Asks for a click only."""


class RecoverForm(forms.Form):
    since = forms.DateTimeField(
        label=zoned("Since"),
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        help_text="Events recorded from then on, at most thirty days ago. What has arrived is not sent again.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["since"].initial = timezone.now() - timedelta(days=1)


@dataclass(frozen=True, slots=True)
class EndpointStep:
    """`act` calls one service. What it returns is shown: a secret, a delivery, or a count in `done`."""

    title: str
    explanation: str
    button: str
    done: str
    states: tuple[EndpointState, ...]
    act: Callable[[str, Endpoint, Any, datetime], Any]
    form: type[forms.Form] = NothingForm
    is_dangerous: bool = False


STEPS: dict[str, EndpointStep] = {
    "test": EndpointStep(
        "Send a test to {endpoint}?",
        "One event of the type endpoint.test, signed like all others. You see what became of it on its page.",
        "Send a test",
        "The test is on its way. Look again in a moment.",
        (_ACTIVE,),
        lambda actor, endpoint, form, now: endpoint_test(endpoint=endpoint, actor=actor, now=now),
    ),
    "recover": EndpointStep(
        "Recover what {endpoint} missed?",
        "Sends the events that it was never told of, and puts its dead letters back in the queue. The receiver may"
        " see an event again, under the same id. At most 10,000 at a time: recover again until it says 0.",
        "Recover",
        "In the queue: {made}.",
        (_ACTIVE, _PAUSED),
        lambda actor, endpoint, form, now: endpoint_recover(
            endpoint=endpoint, since=form.cleaned_data["since"], actor=actor, now=now
        ),
        RecoverForm,
    ),
    "rotate": EndpointStep(
        "Rotate the secret of {endpoint}?",
        f"A new secret is made and shown once. The one in use signs beside it for {settings.WEBHOOK_OVERLAP_HOURS}"
        " hours, so that the receiver can change over meanwhile. Only two sign at once: one that is being replaced"
        " already stops now.",
        "Rotate the secret",
        "",
        (_ACTIVE, _PAUSED, _DISABLED),
        lambda actor, endpoint, form, now: endpoint_secret_rotate(endpoint=endpoint, actor=actor, now=now),
    ),
    "pause": EndpointStep(
        "Pause {endpoint}?",
        "Nothing is sent until it is resumed. Events gather meanwhile, and are sent then.",
        "Pause",
        "Paused. Events gather until it is resumed.",
        (_ACTIVE,),
        lambda actor, endpoint, form, now: endpoint_pause(endpoint=endpoint, actor=actor, now=now),
    ),
    "resume": EndpointStep(
        "Resume {endpoint}?",
        "What waits is sent as it becomes due. While an endpoint is disabled nothing gathers: recover what it missed"
        " afterwards.",
        "Resume",
        "Resumed. If it was disabled, recover what it missed.",
        (_PAUSED, _DISABLED),
        lambda actor, endpoint, form, now: endpoint_resume(endpoint=endpoint, actor=actor, now=now),
    ),
    "delete": EndpointStep(
        "Delete {endpoint}?",
        "Nothing is sent to it any more, what waits is given up, and its secrets are forgotten. This cannot be"
        " undone. Its log stays for a while.",
        "Delete",
        "Deleted.",
        (_ACTIVE, _PAUSED, _DISABLED),
        lambda actor, endpoint, form, now: endpoint_delete(endpoint=endpoint, actor=actor, now=now),
        is_dangerous=True,
    ),
}


def steps_of(endpoint: Endpoint) -> list[tuple[str, str, str]]:
    """Name, words and style of the steps that its state allows."""
    return [
        (name, f"{step.button}…", "danger" if step.is_dangerous else "plain")
        for name, step in STEPS.items()
        if endpoint.state in step.states
    ]
