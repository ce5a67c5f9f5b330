"""What the code does not do, and the few places that may: a new one has to be named here.

ruff's S rules, which are bandit's, are on for everything but tests; here is what they leave out, and every place
where they are answered with `noqa`.
"""

import ast
import re
import tomllib
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.docs.documents import ROOT

ROOMS = ("manage.py", "sentinel", "ledger", "rules", "scoring", "webhooks", "dashboard", "clients")

# Statements that are put together of our own words, never of somebody's text. The numbers may only become smaller.
BUILT_SQL = {
    "dashboard/selectors/history.py": 1,
    "dashboard/selectors/reviews.py": 3,
    "dashboard/selectors/rolled.py": 3,
    "dashboard/selectors/shared.py": 4,
    "dashboard/services/calls.py": 2,
    "dashboard/services/fact_sql.py": 4,
    "dashboard/services/monitoring_forget.py": 2,
    "dashboard/services/rollups.py": 2,
    "ledger/selectors/account_history.py": 3,
    "ledger/selectors/decisions.py": 2,
    "ledger/selectors/hot.py": 2,
    "ledger/selectors/labels.py": 1,
    "ledger/selectors/streams.py": 1,
    "ledger/selectors/truths.py": 1,
    "ledger/services/seal/proving.py": 1,
    "ledger/services/seal/sealing.py": 1,
    "ledger/services/writing.py": 1,
    "rules/lists_in_memory.py": 2,
    "rules/services/tallies.py": 3,
    "rules/simulation/reading.py": 1,
    "scoring/selectors/policy_figures.py": 1,
    "scoring/services/decision_times.py": 1,
    "scoring/services/predictions.py": 1,
    "scoring/services/quality_counts.py": 1,
}
# SQL that ruff does not take for such, since it begins with another word than those it knows.
BUILT_BESIDE = {
    "ledger/selectors/cases.py": 1,
    "ledger/services/grants.py": 3,
    "ledger/services/partitions.py": 3,
    "sentinel/ops/embedded/postgres.py": 1,
    "webhooks/selectors/events.py": 4,
}
# HTML that is made of more than one fixed text.
OWN_HTML = {
    "dashboard/second_factor_pages.py": 1,  # the picture of a code, by segno
    "rules/admin/builder.py": 1,  # a template
    "scoring/admin/plots.py": 1,  # numbers, and words that were escaped before
}
PLAIN_TEXT = {"templates/mail/alert.txt"}  # the text part of a mail has no markup
# The compiler of rules runs what it made of a checked expression (tests/rules/domain/test_no_way_in.py).
RUN_CODE = {"rules/domain/compiler.py": 1}
IGNORED_RULES = {"S603", "S607"}  # children are started from fixed words

_EXECUTES = {"execute", "executemany", "execute_values", "raw", "extra", "RawSQL"}


def sources() -> Iterator[tuple[str, Path]]:
    for room in ROOMS:
        top = ROOT / room
        for path in [top] if top.is_file() else sorted(top.rglob("*.py")):
            if "/migrations/" not in str(path):
                yield str(path.relative_to(ROOT)), path


def counted(is_found: Callable[[ast.AST], bool]) -> dict[str, int]:
    """How often each file has what is looked for."""
    found: Counter[str] = Counter()
    for name, path in sources():
        found[name] += sum(map(is_found, ast.walk(ast.parse(path.read_text()))))
    return {name: count for name, count in found.items() if count}


def called(node: ast.AST) -> str:
    """The last part of what a call calls; empty for what is no call."""
    match node:
        case ast.Call(ast.Name(name)) | ast.Call(ast.Attribute(_, name)):
            return name
    return ""


def is_put_together(node: ast.AST) -> bool:
    """An f-string with a place in it, a sum, a %, or .format()."""
    match node:
        case ast.JoinedStr(values):
            return any(isinstance(value, ast.FormattedValue) for value in values)
        case ast.BinOp(_, ast.Add() | ast.Mod(), _):
            return True
        case ast.Call(ast.Attribute(ast.Constant(str()), "format" | "join")):
            return True
    return False


def test_sql_is_built_in_the_listed_files_alone():
    told = {name: len(re.findall(r"#\s*noqa:[^\n]*S608", path.read_text())) for name, path in sources()}

    assert {name: count for name, count in told.items() if count} == BUILT_SQL


def test_nothing_put_together_on_the_spot_is_executed_elsewhere():
    def is_found(node: ast.AST) -> bool:
        return called(node) in _EXECUTES and any(map(is_put_together, node.args[:1]))  # type: ignore[attr-defined]

    found = counted(is_found)
    assert {name: count for name, count in found.items() if name not in BUILT_SQL} == BUILT_BESIDE


def test_no_page_calls_a_foreign_text_safe():
    def is_found(node: ast.AST) -> bool:
        if called(node) not in {"mark_safe", "SafeString"}:
            return False
        (said,) = node.args  # type: ignore[attr-defined]
        return not (isinstance(said, ast.Constant) or (isinstance(said, ast.Name) and said.id.isupper()))

    assert counted(is_found) == OWN_HTML


def test_no_template_switches_escaping_off():
    pattern = re.compile(r"\|\s*safe\b|\|\s*safeseq\b|autoescape\s+off|javascript:|\son[a-z]+\s*=\s*[\"']", re.I)
    found = {
        str(path.relative_to(ROOT)): pattern.findall(path.read_text())
        for path in sorted((ROOT / "templates").rglob("*"))
        if path.suffix in {".html", ".txt"} and str(path.relative_to(ROOT)) not in PLAIN_TEXT
    }

    assert len(found) > 40
    assert {name: words for name, words in found.items() if words} == {}


def test_code_is_made_and_run_in_one_place():
    def is_found(node: ast.AST) -> bool:
        return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in {"exec", "eval"}

    assert counted(is_found) == RUN_CODE


@pytest.mark.parametrize(
    "pattern",
    [
        r"\bpickle\b.*\bload|\bcPickle\b|\bdill\b|\bshelve\b|marshal\.load|joblib\.load|yaml\.(?:unsafe_)?load\(",
        r"shell\s*=\s*True|os\.system\(|os\.popen\(",
        r"verify\s*=\s*False|check_hostname\s*=\s*False|CERT_NONE|_create_unverified_context",
        r"csrf_exempt|xframe_options_exempt|ALLOW_ALL_ORIGINS",
        r"\bhashlib\.(?:md5|sha1)\b|\bMD5\b|\bDES\b|\bARC4\b|MODE_ECB",
    ],
)
def test_what_no_file_does(pattern):
    found = {name: words for name, path in sources() if (words := re.findall(pattern, path.read_text()))}

    assert found == {}


def test_bandits_rules_are_on():
    lint = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["ruff"]["lint"]

    assert "S" in lint["select"]
    assert {rule for rule in lint["ignore"] if rule.startswith("S") and rule[1:].isdigit()} == IGNORED_RULES
    silenced = {
        name: rules for name, rules in lint["per-file-ignores"].items() if any(r.startswith("S") for r in rules)
    }
    assert set(silenced) <= {"tests/**", "bench/**"}
