"""What the published document says of each operation: its texts, and what lists can be asked by."""

from collections.abc import Iterator
from functools import cache
from typing import Any, NamedTuple

import yaml

from tests.docs.documents import DOCS

METHODS = ("get", "post", "put", "patch", "delete")
Path = tuple[str | int, ...]


class Operation(NamedTuple):
    name: str
    method: str
    path: str
    told: dict[str, Any]

    @property
    def parameters(self) -> list[str]:
        """Those of the query."""
        return [each["name"] for each in self.told.get("parameters", []) if each["in"] == "query"]

    @property
    def body(self) -> dict[str, Any] | None:
        """The schema of its JSON body."""
        content = self.told.get("requestBody", {}).get("content", {}).get("application/json")
        return content["schema"] if content else None


@cache
def document() -> dict[str, Any]:
    return yaml.safe_load((DOCS / "openapi.yaml").read_text())


def operations() -> list[Operation]:
    return [
        Operation(told["operationId"], method, path, told)
        for path, methods in document()["paths"].items()
        for method, told in methods.items()
        if method in METHODS
    ]


def texts_of(schema: dict[str, Any], at: Path = ()) -> Iterator[Path]:
    """Where in a body a text may stand: "place" for a name of the caller's own, 0 for the items of a list."""
    schema = _resolved(schema)
    for choice in (*schema.get("anyOf", ()), *schema.get("oneOf", ()), *schema.get("allOf", ())):
        yield from texts_of(choice, at)
    match schema.get("type"):
        case "string":
            yield at
        case "array":
            yield from texts_of(schema["items"], (*at, 0))
        case "object":
            for name, told in schema.get("properties", {}).items():
                yield from texts_of(told, (*at, name))
            if isinstance(other := schema.get("additionalProperties"), dict):
                yield from texts_of(other, (*at, "place"))


def objects_of(schema: dict[str, Any], at: Path = ()) -> Iterator[Path]:
    """Where in a body an object with fields of its own may stand."""
    schema = _resolved(schema)
    for choice in (*schema.get("anyOf", ()), *schema.get("oneOf", ()), *schema.get("allOf", ())):
        yield from objects_of(choice, at)
    match schema.get("type"):
        case "array":
            yield from objects_of(schema["items"], (*at, 0))
        case "object" if not isinstance(schema.get("additionalProperties"), dict):
            yield at
            for name, told in schema.get("properties", {}).items():
                yield from objects_of(told, (*at, name))


def fields_of(schema: dict[str, Any], at: Path = ()) -> Iterator[Path]:
    """Every field of every object of a body."""
    schema = _resolved(schema)
    for choice in (*schema.get("anyOf", ()), *schema.get("oneOf", ()), *schema.get("allOf", ())):
        yield from fields_of(choice, at)
    if schema.get("type") == "array":
        yield from fields_of(schema["items"], (*at, 0))
    for name, told in schema.get("properties", {}).items():
        yield (*at, name)
        yield from fields_of(told, (*at, name))


def body_with(at: Path, value: Any) -> Any:
    for step in reversed(at):
        value = [value] if step == 0 else {step: value}
    return value


def dotted(at: Path) -> str:
    """As problems name a field."""
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in at).removeprefix(".")


def _resolved(schema: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in schema:
        schema = document()["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return schema
