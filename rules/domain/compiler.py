"""Compiles a ruleset once into Python functions over the values of a payment.

The functions are built as `ast` nodes, never from text. What an author wrote enters them in two ways only: as a
constant of the syntax tree (ast.Constant), or as a set of values or a pattern under a name that this module makes up.
The names of fields never enter them: a value is a local variable called after its place in the catalogue.

The values of a list may change while the function that asks for them is in use: it keeps asking the same object.
"""

import ast
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any, TypeVar

from rules.domain.definitions import Evaluation, Failure, Hit, RuleDefinition
from rules.domain.expressions import (
    COMPARISONS,
    Combinator,
    Condition,
    Constant,
    Group,
    Money,
    NamedList,
    Operator,
    OtherField,
    fields_used,
    needs_score,
)
from rules.domain.patterns import Pattern, compile_pattern
from rules.domain.stages import Stage, is_in_share
from sentinel.core.catalogue import INDEX, Values

Lists = Mapping[str, Container[Any]]
Places = Callable[[Values], list[int]]

_ACCOUNT = INDEX["account_id"]

_SIGNS: dict[Operator, type[ast.cmpop]] = {
    Operator.EQUAL: ast.Eq,
    Operator.NOT_EQUAL: ast.NotEq,
    Operator.GREATER_THAN: ast.Gt,
    Operator.AT_LEAST: ast.GtE,
    Operator.LESS_THAN: ast.Lt,
    Operator.AT_MOST: ast.LtE,
    Operator.IN: ast.In,
    Operator.NOT_IN: ast.NotIn,
}


@dataclass(frozen=True)
class Pass:
    """The rules that run together, as one function; and one by one, for when that function raises.

    `errors` has the last error of each version that ever raised.
    """

    rules: tuple[RuleDefinition, ...]
    lists: Lists
    hits: tuple[Hit, ...]
    find: Places
    errors: dict[int, str] = field(default_factory=dict)

    def evaluate(self, values: Values) -> Evaluation:
        try:
            places = self.find(values)
        except Exception:
            return self._evaluate_one_by_one(values)
        return Evaluation(tuple([self.hits[place] for place in places])) if places else NOTHING

    def _evaluate_one_by_one(self, values: Values) -> Evaluation:
        hits, failed = [], []
        for rule, find in zip(self.rules, self._alone, strict=True):
            try:
                hits += [rule.hit for _ in find(values)]
            except Exception as error:
                failed.append(rule.failure(f"{type(error).__name__}: {error}"))
                self.errors[rule.version_id] = failed[-1].error
        return Evaluation(tuple(hits), tuple(failed))

    def time_each(self, values: Values, clock_ns: Callable[[], int]) -> list[tuple[int, int]]:
        """Version and nanoseconds of each rule alone. The shorter of two runs: a pause of the process is no cost."""
        return [
            (rule.version_id, min(_time(find, values, clock_ns), _time(find, values, clock_ns)))
            for rule, find in zip(self.rules, self._alone, strict=True)
        ]

    @property
    def is_prepared(self) -> bool:
        return "_alone" in self.__dict__

    def prepare(self) -> int:
        """Compiles the rules one by one, which takes a while: call in a thread before `time_each`."""
        return len(self._alone)

    @cached_property
    def _alone(self) -> tuple[Places, ...]:
        return tuple(_compile([rule], self.lists) for rule in self.rules)


def _time(find: Places, values: Values, clock_ns: Callable[[], int]) -> int:
    start_ns = clock_ns()
    with suppress(Exception):  # it is named by the evaluation itself
        find(values)
    return clock_ns() - start_ns


NOTHING = Evaluation()


@dataclass(frozen=True)
class CompiledRuleset:
    """`unreadable` are rules that could not even be compiled; every first pass reports them as failed.

    `canaries` says of a rule's live version how large a share of the accounts its canary has taken over; `snoozed` of
    a rule which accounts it leaves alone. `errors` has the last error of each version that cannot be evaluated.
    """

    first: Pass
    second: Pass
    unreadable: tuple[Failure, ...] = ()
    canaries: Mapping[str, int] = field(default_factory=dict)
    snoozed: Mapping[str, frozenset[str]] = field(default_factory=dict)
    errors: dict[int, str] = field(default_factory=dict)

    def evaluate(self, values: Values, *, second_pass: bool) -> Evaluation:
        """The hits among the rules of one pass. Never raises: a rule that does is in `failed`."""
        found = (self.second if second_pass else self.first).evaluate(values)
        failed = found.failed if second_pass else self.unreadable + found.failed
        if not found.hits and not failed:
            return NOTHING
        has_say = partial(self._has_say, account_id=str(values[_ACCOUNT]))
        hits, silent_hits = _parted(found.hits, has_say)
        failed, silent_failed = _parted(failed, has_say)
        return Evaluation(hits, failed, silent_hits, silent_failed)

    def _has_say(self, rule: Hit | Failure, account_id: str) -> bool:
        if account_id in self.snoozed.get(rule.code, ()):
            return False
        match rule.stage:
            case Stage.SHADOW:
                return False
            case Stage.CANARY:
                return is_in_share(rule.code, account_id, rule.share_percent or 0)
        taken_over = self.canaries.get(rule.code)
        return taken_over is None or not is_in_share(rule.code, account_id, taken_over)


Spoke = TypeVar("Spoke", Hit, Failure)


def _parted(rules: Iterable[Spoke], has_say: Callable[[Spoke], bool]) -> tuple[tuple[Spoke, ...], tuple[Spoke, ...]]:
    with_say: list[Spoke] = []
    silent: list[Spoke] = []
    for rule in rules:
        (with_say if has_say(rule) else silent).append(rule)
    return tuple(with_say), tuple(silent)


def compile_ruleset(
    rules: Sequence[RuleDefinition],
    lists: Lists,
    unreadable: Sequence[Failure] = (),
    snoozed: Mapping[str, frozenset[str]] | None = None,
) -> CompiledRuleset:
    """Errors: KeyError when a rule names a list that `lists` lacks."""
    second = [rule for rule in rules if needs_score(rule.expression)]
    first = [rule for rule in rules if not needs_score(rule.expression)]
    canaries = {rule.code: rule.share_percent or 0 for rule in rules if rule.stage is Stage.CANARY}
    errors = {failure.version_id: failure.error for failure in unreadable}
    return CompiledRuleset(
        _compile_pass(first, lists, errors),
        _compile_pass(second, lists, errors),
        tuple(unreadable),
        canaries,
        snoozed or {},
        errors,
    )


def _compile_pass(rules: Sequence[RuleDefinition], lists: Lists, errors: dict[int, str]) -> Pass:
    return Pass(tuple(rules), lists, tuple(rule.hit for rule in rules), _compile(rules, lists), errors)


def _compile(rules: Sequence[RuleDefinition], lists: Lists) -> Places:
    """One function: the values it needs into local variables, then `if test: hits.append(place)` for each rule."""
    writer = _Writer(lists)
    tests = [writer.node(rule.expression) for rule in rules]
    used = sorted({INDEX[name] for rule in rules for name in fields_used(rule.expression)})
    body: list[ast.stmt] = [_assign("hits", ast.List([], ast.Load()))]
    body += [
        _assign(_local(place), ast.Subscript(_load("values"), ast.Constant(place), ast.Load())) for place in used
    ]
    body += [_if_append(test, place) for place, test in enumerate(tests)]
    function = ast.FunctionDef(
        name="find",
        args=ast.arguments(posonlyargs=[], args=[ast.arg("values")], kwonlyargs=[], kw_defaults=[], defaults=[]),
        body=[*body, ast.Return(_load("hits"))],
        decorator_list=[],
    )
    return _make(function, {**writer.sets, **writer.patterns})


def _make(function: ast.FunctionDef, named: Mapping[str, object]) -> Places:
    module = ast.fix_missing_locations(ast.Module([function], type_ignores=[]))
    namespace: dict[str, Any] = {"__builtins__": {}, **named}
    # The only exec of the project: our own syntax tree, in which nothing was ever text to be parsed.
    exec(compile(module, "<ruleset>", "exec"), namespace)  # noqa: S102
    find: Places = namespace["find"]
    return find


class _Writer:
    """Writes conditions as expressions of the syntax tree; keeps the sets and patterns they refer to by name."""

    def __init__(self, lists: Lists) -> None:
        self.lists = lists
        self.sets: dict[str, Container[Any]] = {}
        self.names: dict[NamedList | frozenset[Constant], str] = {}
        self.patterns: dict[str, Pattern] = {}

    def node(self, node: Condition | Group) -> ast.expr:
        if isinstance(node, Condition):
            return self.condition(node)
        members = [self.node(member) for member in node.conditions]
        match node.combinator:
            case Combinator.ALL:
                return _joined(ast.And(), members)
            case Combinator.ANY:
                return _joined(ast.Or(), members)
            case Combinator.NONE:  # pragma: no branch - there is no fourth
                return ast.UnaryOp(ast.Not(), _joined(ast.Or(), members))

    def condition(self, condition: Condition) -> ast.expr:
        """The test, after guards: a missing value never holds, a money constant holds in its currency only."""
        value = _value(condition.field)
        if condition.operator is Operator.IS_MISSING:
            return _is(value, None)
        guards = [_is_currency(condition.currency)] if condition.currency else []
        guards += [_is_present(condition.field)]
        if isinstance(condition.operand, OtherField):
            guards += [_is_present(condition.operand.name)]
        return _joined(ast.And(), [*guards, *self.test(condition, value)])

    def test(self, condition: Condition, value: ast.expr) -> list[ast.expr]:
        """What is to hold of a value that is present."""
        match condition.operator:
            case Operator.IS_PRESENT:
                return []
            case Operator.IS_TRUE | Operator.IS_FALSE:
                return [_is(value, condition.operator is Operator.IS_TRUE)]
            case Operator.BETWEEN:
                low, high = condition.constants
                return [ast.Compare(_constant(low), [ast.LtE(), ast.LtE()], [value, _constant(high)])]
            case Operator.CONTAINS:
                return [ast.Compare(_folded_constant(condition), [ast.In()], [_call(value, "casefold")])]
            case Operator.STARTS_WITH:
                return [_call(_call(value, "casefold"), "startswith", _folded_constant(condition))]
            case Operator.MATCHES:
                found = _call(self.named_pattern(str(condition.constants[0])), "search", value)
                return [ast.Compare(found, [ast.IsNot()], [ast.Constant(None)])]
        return [ast.Compare(value, [_SIGNS[condition.operator]()], [self.right_side(condition)])]

    def right_side(self, condition: Condition) -> ast.expr:
        match condition.operand:
            case OtherField(name):
                return _value(name)
            case NamedList(name) as named:
                return self.named_set(named, self.lists[name])
        if condition.operator in COMPARISONS:
            return _constant(condition.constants[0])
        constants = frozenset(condition.constants)
        return self.named_set(constants, constants)

    def named_set(self, key: NamedList | frozenset[Constant], members: Container[Any]) -> ast.expr:
        name = self.names.setdefault(key, f"set_{len(self.names)}")
        self.sets[name] = members
        return _load(name)

    def named_pattern(self, text: str) -> ast.expr:
        name = f"pattern_{len(self.patterns)}"
        self.patterns[name] = compile_pattern(text)
        return _load(name)


def _value(name: str) -> ast.expr:
    return _load(_local(INDEX[name]))


def _local(place: int) -> str:
    return f"value_{place}"


def _load(name: str) -> ast.expr:
    return ast.Name(name, ast.Load())


def _constant(constant: Constant) -> ast.expr:
    return ast.Constant(constant.minor if isinstance(constant, Money) else constant)


def _folded_constant(condition: Condition) -> ast.expr:
    return ast.Constant(str(condition.constants[0]).casefold())


def _is_currency(currency: str) -> ast.expr:
    return ast.Compare(_value("currency"), [ast.Eq()], [ast.Constant(currency)])


def _is(value: ast.expr, constant: bool | None) -> ast.expr:
    return ast.Compare(value, [ast.Is()], [ast.Constant(constant)])


def _is_present(name: str) -> ast.expr:
    return ast.Compare(_value(name), [ast.IsNot()], [ast.Constant(None)])


def _joined(operator: ast.boolop, tests: list[ast.expr]) -> ast.expr:
    return ast.BoolOp(operator, tests) if len(tests) > 1 else tests[0]


def _call(value: ast.expr, method: str, *arguments: ast.expr) -> ast.expr:
    return ast.Call(ast.Attribute(value, method, ast.Load()), list(arguments), [])


def _assign(name: str, value: ast.expr) -> ast.stmt:
    return ast.Assign([ast.Name(name, ast.Store())], value)


def _if_append(test: ast.expr, place: int) -> ast.stmt:
    return ast.If(test, [ast.Expr(_call(_load("hits"), "append", ast.Constant(place)))], [])
