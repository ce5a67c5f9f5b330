from typing import Any


class Problem(Exception):
    """A refusal. Nothing was written. `code` is stable; `errors` name each field by its dotted path."""

    def __init__(self, status: int, body: dict[str, Any]) -> None:
        self.status = status
        self.code: str = body.get("code", "unknown")
        self.errors: list[dict[str, str]] = body.get("errors", [])
        fields = "".join(f" {each['field']}: {each['message']}" for each in self.errors)
        super().__init__(f"{status} {self.code}: {body.get('detail') or body.get('title', '')}{fields}")


class OutcomeUnknown(Exception):
    """No answer came, as often as it was tried. It may have been done: `key` finds out, and makes a retry safe."""

    def __init__(self, key: str | None, last: str) -> None:
        self.key = key
        super().__init__(f"What became of the request is unknown ({last}). Its key is {key!r}: send it again, or ask")


class BadSignature(Exception):
    """A webhook that is not genuine, or too old."""
