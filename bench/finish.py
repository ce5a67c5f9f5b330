"""The end of a bench: the table, the JSON, the exit code."""

import argparse
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bench.report import as_json, as_table
from bench.run import Results
from sentinel.ops.console import say

_SECRET = {"api_key"}
STDOUT = "-"  # then nothing but the JSON goes there, and words for people go to stderr


def finish(results: Results, options: argparse.Namespace, service_versions: Mapping[str, str]) -> int:
    """Prints the table, and the JSON where it was asked for; 1 when something was answered or recorded wrongly."""
    told = {name: value for name, value in vars(options).items() if name not in _SECRET}
    result = as_json(results, service_versions=service_versions, options=told)
    say(f"\n{as_table(result)}")
    json_write(result, options.json)
    return int(results.has_failed)


def json_write(result: Mapping[str, Any], where: str | None) -> None:
    """Where it was asked for: to standard output, to a file, or nowhere."""
    text = json.dumps(result, indent=2)
    if where == STDOUT:
        print(text, file=sys.__stdout__, flush=True)
    elif where:
        Path(where).write_text(text + "\n")
        say(f"\nThe whole result is in {where}.")
