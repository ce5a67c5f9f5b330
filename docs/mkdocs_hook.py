"""Gives the site the repository's own layout, so that one link serves both: docs/api.md lies beside README.md."""

from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

ROOT = Path(__file__).resolve().parents[1]
SHOWN = (
    *("*.md", "docs/**/*", "bench/*.md", "clients/python/README.md", "frontend/README.md"),
    # What pages link to.
    *("LICENSE", "bench/locustfile.py", "docker/grafana/*.json", "docker/prometheus/*.yml"),
    *("tests/ledger/test_tampering.py", "tests/journeys/test_behind_nginx.py", "tests/journeys/test_upgrade.py"),
    *("tests/journeys/test_point_in_time.py", "tests/docs/test_deployment.py", "tests/docs/test_monitoring_files.py"),
)
HIDDEN = ("docs/mkdocs_hook.py", "__pycache__")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """The files of the theme, and in the place of those under docs/ all that are shown, named from the root."""
    of_theme = [file for file in files if not (file.abs_src_path or "").startswith(config.docs_dir)]
    shown = (path for pattern in SHOWN for path in sorted(ROOT.glob(pattern)) if path.is_file())
    names = (str(path.relative_to(ROOT)) for path in shown)
    ours = (
        File.generated(config, name, abs_src_path=str(ROOT / name))
        for name in names
        if not any(hidden in name for hidden in HIDDEN)
    )
    return Files([*of_theme, *ours])
