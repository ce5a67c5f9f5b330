"""Words for what stands off, for pages and alarms. Pure."""

from scoring.domain.quality import Drift

_WHAT = {
    "turned_away": "requests are refused",
    "replayed": "requests are sent again with their key",
    "same_reference": "payments carry the reference of another one",
}
_HINTS = {
    "missing": "Ask the gateway what changed; rules and the model know less of these payments.",
    "refused": "Look at its last refused requests.",
    "turned_away": "Look at its last refused requests.",
    "replayed": "Its connection or its time-outs may have changed.",
    "same_reference": "It may pay twice: ask the gateway.",
}


def measure_words(kind: str, field: str) -> str:
    """What a share is a share of: "payments come without device.id"."""
    if kind == "missing":
        return f"payments come without {field}"
    if kind == "refused":
        return f"requests are refused for {field}"
    return _WHAT[kind]


def drift_words(client: str, kind: str, field: str, found: Drift) -> str:
    """One or two sentences for an alarm."""
    told = f"Of {client}, {found.today:.1%} of {measure_words(kind, field)} today; usual is {found.usual:.1%}."
    return f"{told} {_HINTS[kind]}"


def usual_again_words(client: str, kind: str, field: str, found: Drift) -> str:
    return f"Of {client}, {found.today:.1%} of {measure_words(kind, field)} today, as usual."
