"""docs/features.md is what the catalogue says. SENTINEL_WRITE_DOCS=true writes it anew."""

import os

from tests.docs.documents import DOCS
from tests.docs.features_page import features_page

PAGE = DOCS / "features.md"


def test_the_page_of_features_is_what_the_catalogue_says():
    if os.environ.get("SENTINEL_WRITE_DOCS") == "true":
        PAGE.write_text(features_page())

    assert PAGE.read_text() == features_page()
