"""The documents build into a site without a warning, and its pages ask no other server for anything."""

import os
import re
import subprocess
import sys

from tests.docs.documents import DOCUMENTS, ROOT

# What a browser fetches by itself; a link waits for a person.
_FETCHED = re.compile(r"<(?:script|img|iframe|source)\b[^>]*\bsrc=\"([^\"]+)\"|<link\b[^>]*\bhref=\"([^\"]+)\"")


def test_every_document_is_a_page_that_asks_no_other_server(tmp_path):
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(tmp_path)]
    built = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env=os.environ | {"NO_COLOR": "1"})
    assert built.returncode == 0, built.stderr

    pages = list(tmp_path.rglob("*.html"))
    assert len(pages) == len(DOCUMENTS) + len(("404.html", "clients/python", "frontend"))
    fetched = {"".join(pair) for page in pages for pair in _FETCHED.findall(page.read_text())}
    assert [address for address in fetched if "//" in address] == []
