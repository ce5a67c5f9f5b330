"""The built files of the rule builder, as they are committed."""

import gzip
from pathlib import Path

from django.contrib.staticfiles import finders

BYTES_MAX = 60_000  # compressed, as it is sent


def built(name: str) -> bytes:
    path = finders.find(f"sentinel/builder/{name}")
    assert path, f"{name} is missing: npm run build in frontend"
    return Path(path).read_bytes()


def test_the_script_is_small():
    assert len(gzip.compress(built("builder.js"))) + len(gzip.compress(built("builder.css"))) < BYTES_MAX


def test_nothing_needs_more_than_the_strict_policy_allows():
    script = built("builder.js").decode()

    assert "new Function" not in script
    assert "eval(" not in script
    assert b"url(" not in built("builder.css")


def test_the_licences_of_what_is_bundled_are_passed_on():
    texts = built("licences.txt").decode()

    for package in ("preact ", "react-querybuilder ", "@reduxjs/toolkit ", "immer ", "react-redux "):
        assert f"\n{package}" in f"\n{texts}"
    assert "Permission is hereby granted" in texts
