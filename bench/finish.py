"""The end of a bench: the table, the JSON, the exit code."""

import argparse
import json
from collections.abc import Mapping
from pathlib import Path

from bench.report import as_json, as_table
from bench.run import Results
from sentinel.ops.console import say

_SECRET = {"api_key"}


def finish(results: Results, options: argparse.Namespace, service_versions: Mapping[str, str]) -> int:
    """Prints the table, or the JSON where it was asked for; 1 when something was answered or recorded wrongly."""
    told = {name: value for name, value in vars(options).items() if name not in _SECRET}
    result = as_json(results, service_versions=service_versions, options=told)
    text = json.dumps(result, indent=2)
    say()
    if options.json == "-":
        say(text)
    else:
        say(as_table(result))
    if options.json and options.json != "-":
        Path(options.json).write_text(text + "\n")
        say(f"\nThe whole result is in {options.json}.")
    return int(results.has_failed)
