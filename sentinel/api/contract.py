"""Compares two OpenAPI documents: would a gateway written against the old one still work with the new one?

An operation is reduced to three sets of facts. What the old one *accepts* must still be accepted, the new one must
not *demand* more, and what the old one *promises* in an answer must still be promised.
"""

from collections.abc import Iterator
from typing import Any

Document = dict[str, Any]
Fact = tuple[str, ...]
_DEPTH_MAX = 8


def breaking_differences(old: Document, new: Document) -> list[str]:
    """One line per difference that breaks a client; empty when there is none."""
    old_facts, new_facts = _facts(old), _facts(new)
    lost = [
        f"no longer accepted: {_line(fact)}"
        for fact in sorted(old_facts["accepts"] - new_facts["accepts"])
        if not _is_wider(fact, new_facts["accepts"])
    ]
    asked = [
        f"now demanded: {_line(fact)}"
        for fact in sorted(new_facts["demands"] - old_facts["demands"])
        if ("operation", *fact[:2]) in old_facts["accepts"]
    ]
    gone = [f"no longer answered: {_line(fact)}" for fact in sorted(old_facts["promises"] - new_facts["promises"])]
    return lost + asked + gone


def _is_wider(fact: Fact, accepted: set[Fact]) -> bool:
    """Whether the upper limit that is gone has made room for a higher one, which accepts all that it did."""
    limit, _, value = fact[-1].partition(" ")
    if limit not in {"maxLength", "maximum"}:
        return False
    now = [each[-1].partition(" ") for each in accepted if each[:-1] == fact[:-1]]
    return any(name == limit and float(number) > float(value) for name, _, number in now)


def _facts(document: Document) -> dict[str, set[Fact]]:
    facts: dict[str, set[Fact]] = {"accepts": set(), "demands": set(), "promises": set()}
    for path, methods in document.get("paths", {}).items():
        for method, operation in methods.items():
            place = (method.upper(), path)
            facts["accepts"].add(("operation", *place))
            for parameter in operation.get("parameters", []):
                _request_facts(facts, document, place, parameter["name"], parameter["schema"])
                if parameter.get("required"):
                    facts["demands"].add((*place, parameter["name"]))
            for content in operation.get("requestBody", {}).get("content", {}).values():
                _request_facts(facts, document, place, "body", content["schema"])
            for status, response in operation.get("responses", {}).items():
                facts["promises"].add((*place, status))
                for content in response.get("content", {}).values():
                    facts["promises"] |= {
                        (*place, status, *fact) for fact in _answers(document, "", content["schema"])
                    }
    return facts


def _request_facts(facts: dict[str, set[Fact]], document: Document, place: Fact, name: str, schema: Any) -> None:
    for field, part in _fields(document, name, schema):
        for kind in _kinds(part):
            facts["accepts"].add((*place, field, kind))
    facts["demands"] |= {(*place, field) for field in _demands(document, name, schema)}


def _demands(document: Document, name: str, schema: Any, depth: int = 0) -> set[str]:
    """The fields a request must have. Of alternatives what all of them demand, since a client sends the one it knows;
    null is none.
    """
    schema = _resolved(document, schema)
    found = {f"{name}.{required}" for required in schema.get("required", [])}
    if depth > _DEPTH_MAX:
        return found
    for key, part in schema.get("properties", {}).items():
        found |= _demands(document, f"{name}.{key}", part, depth + 1)
    for part in schema.get("allOf", []):
        found |= _demands(document, name, part, depth + 1)
    if isinstance(schema.get("items"), dict):
        found |= _demands(document, f"{name}[]", schema["items"], depth + 1)
    parts = (*schema.get("anyOf", []), *schema.get("oneOf", []))
    choices = [_demands(document, name, part, depth + 1) for part in parts if part.get("type") != "null"]
    return found | (set.intersection(*choices) if choices else set())


def _answers(document: Document, name: str, schema: Any) -> Iterator[Fact]:
    for field, part in _fields(document, name, schema):
        yield field, str(part.get("type", ""))
        for required in part.get("required", []):
            yield f"{field}.{required}", "always there"


def _fields(document: Document, name: str, schema: Any, depth: int = 0) -> Iterator[tuple[str, Document]]:
    """Every schema reachable from this one, with its dotted name; alternatives share a name."""
    schema = _resolved(document, schema)
    yield name, schema
    if depth > _DEPTH_MAX:
        return
    for key, part in schema.get("properties", {}).items():
        yield from _fields(document, f"{name}.{key}", part, depth + 1)
    for part in (*schema.get("anyOf", []), *schema.get("oneOf", []), *schema.get("allOf", [])):
        yield from _fields(document, name, part, depth + 1)
    if isinstance(schema.get("items"), dict):
        yield from _fields(document, f"{name}[]", schema["items"], depth + 1)


def _resolved(document: Document, schema: Any) -> Any:
    while "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return schema


def _kinds(schema: Document) -> Iterator[str]:
    """What a value may be: its type, each choice, and each limit on it, since another limit accepts other values."""
    yield str(schema.get("type", ""))
    for choice in schema.get("enum", []):
        yield f"choice {choice}"
    for limit in ("pattern", "maxLength", "minLength", "maximum", "minimum", "format"):
        if limit in schema:
            yield f"{limit} {schema[limit]}"


def _line(fact: Fact) -> str:
    return " ".join(fact)
