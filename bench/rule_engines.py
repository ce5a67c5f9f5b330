"""Rules beside other engines: 50 and 200 rules, the same rules and the same payments, one thread.

Every engine must find the same hits before any of them is timed. The others are asked rule by rule, as their
documents show; zen also with all rules as one list, which is the quickest way it has.
"""

import argparse
import random
import time
from collections.abc import Callable, Sequence
from importlib import import_module
from importlib.util import find_spec
from statistics import median
from typing import Any

from bench.report import table
from bench.rule_languages import RuleEngineLanguage, ZenLanguage
from bench.rulesets import realistic_rules
from rules.domain.compiler import compile_ruleset
from rules.domain.definitions import RuleDefinition
from sentinel.core.catalogue import FIELDS, Field, FieldType, Value, Values
from sentinel.ops.console import Refusal, say

COUNTS = (50, 200)
PAYMENTS = 256
OURS = "SentinelStream"

Hits = list[frozenset[int]]
Engine = Callable[[], Hits]
Maker = Callable[[Sequence[RuleDefinition], Sequence[Values]], Engine]

_NAMES = [field.name for field in FIELDS]


def measure(options: argparse.Namespace) -> int:
    """Prints microseconds per payment, and how many times as long each other engine takes. 1 when hits differ."""
    payments = varied_payments(PAYMENTS)
    rows = [("rules", "engine", "µs a payment", "times ours")]
    for count in COUNTS:
        rules = realistic_rules(count)
        makers = {OURS: ours, **available()}
        engines = {name: make(rules, payments) for name, make in makers.items()}
        refuse_differences(engines)
        found = timings(engines, len(payments), rounds=options.rounds, seconds=options.seconds)
        base = found[OURS]
        rows += [(str(count), name, f"{took:,.2f}", f"{took / base:,.1f}") for name, took in found.items()]
    say(table(rows))
    for name, package in (("rule-engine", "rule_engine"), ("zen-engine", "zen")):
        if find_spec(package) is None:
            say(f"{name} is not installed: requirements/dev.txt has it.")
    return 0


def available() -> dict[str, Maker]:
    """The other engines that are installed."""
    found: dict[str, Maker] = {}
    if find_spec("rule_engine"):
        found["rule-engine, rule by rule"] = rule_engine
    if find_spec("zen"):
        found["zen-engine, rule by rule"] = zen_engine
        found["zen-engine, one list"] = zen_engine_list
    return found


def ours(rules: Sequence[RuleDefinition], payments: Sequence[Values]) -> Engine:
    compiled = compile_ruleset(rules, {})
    places = {rule.code: place for place, rule in enumerate(rules)}

    def evaluate() -> Hits:
        found = []
        for values in payments:
            first = compiled.evaluate(values, second_pass=False)
            second = compiled.evaluate(values, second_pass=True)
            found.append(frozenset([places[hit.code] for hit in (*first.hits, *second.hits)]))
        return found

    return evaluate


def rule_engine(rules: Sequence[RuleDefinition], payments: Sequence[Values]) -> Engine:
    library: Any = import_module("rule_engine")
    described = _facts(payments)
    language = RuleEngineLanguage()
    context = library.Context(resolver=library.resolve_item)
    compiled = [library.Rule(language.expression(rule.expression), context=context) for rule in rules]

    def evaluate() -> Hits:
        return [_places(rule.matches(facts) for rule in compiled) for facts in described]

    return evaluate


def zen_engine(rules: Sequence[RuleDefinition], payments: Sequence[Values]) -> Engine:
    library: Any = import_module("zen")
    described = _facts(payments)
    compiled = [library.compile_expression(ZenLanguage().expression(rule.expression)) for rule in rules]

    def evaluate() -> Hits:
        return [_places(rule.evaluate(facts) for rule in compiled) for facts in described]

    return evaluate


def zen_engine_list(rules: Sequence[RuleDefinition], payments: Sequence[Values]) -> Engine:
    library: Any = import_module("zen")
    described = _facts(payments)
    expressions = [ZenLanguage().expression(rule.expression) for rule in rules]
    compiled = library.compile_expression(f"[{', '.join(expressions)}]")

    def evaluate() -> Hits:
        return [_places(compiled.evaluate(facts)) for facts in described]

    return evaluate


def _facts(payments: Sequence[Values]) -> list[dict[str, Value]]:
    return [dict(zip(_NAMES, values, strict=True)) for values in payments]


def _places(held: Any) -> frozenset[int]:
    return frozenset([place for place, holds in enumerate(held) if holds])


def refuse_differences(engines: dict[str, Engine]) -> None:
    """Errors: Refusal when an engine finds other hits than ours: then its time says nothing."""
    expected = engines[OURS]()
    if not any(expected):
        raise Refusal("No payment of the bench is hit by any rule.")
    for name, evaluate in engines.items():
        differing = sum(one != other for one, other in zip(expected, evaluate(), strict=True))
        if differing:
            raise Refusal(f"{name} finds other hits for {differing} of {len(expected)} payments.")


def timings(engines: dict[str, Engine], payments: int, *, rounds: int, seconds: float) -> dict[str, float]:
    """Microseconds a payment, the median over rounds in which the engines take turns."""
    took: dict[str, list[float]] = {name: [] for name in engines}
    for _ in range(rounds):
        for name, evaluate in engines.items():
            took[name].append(_microseconds(evaluate, payments, seconds / len(engines)))
    return {name: median(each) for name, each in took.items()}


def _microseconds(evaluate: Engine, payments: int, seconds: float) -> float:
    calls, started = 0, time.perf_counter()
    while calls < 1 or time.perf_counter() - started < seconds:
        evaluate()
        calls += 1
    return (time.perf_counter() - started) * 1e6 / calls / payments


def varied_payments(count: int, seed: int = 7) -> list[Values]:
    """Payments of every kind, a sixth of whose values are missing; always the same ones."""
    dice = random.Random(seed)
    return [tuple(_value(field, dice) for field in FIELDS) for _ in range(count)]


_TEXTS = ("Corner Books", "Gift card 0 shop", "Wallet top up 1", "Prize 2 draw", "dev_stolen_0_7", "400097", "tok_9f")
_COUNTRIES, _CATEGORIES = ("IN", "IN", "FR", "KP", "IR"), ("5942", "7995", "6051", "5411")


def _value(field: Field, dice: random.Random) -> Value:
    if field.name != "currency" and dice.random() < 1 / 6:
        return None
    match field.type:
        case FieldType.MONEY:
            return int(10 ** dice.uniform(2, 8))
        case FieldType.WHOLE:
            return dice.randint(1, 7) if field.name == "weekday" else dice.randint(0, 23)
        case FieldType.NUMBER:
            return dice.random() if field.unit == "0 to 1" else round(10 ** dice.uniform(-1, 6), 3)
        case FieldType.FLAG:
            return dice.random() < 0.5
        case FieldType.COUNTRY:
            return dice.choice(_COUNTRIES)
        case FieldType.CURRENCY:
            return dice.choice(("INR", "INR", "INR", "EUR"))
        case FieldType.CATEGORY:
            return dice.choice(_CATEGORIES)
        case FieldType.CHOICE:
            return dice.choice(field.choices)
    return dice.choice(_TEXTS)
