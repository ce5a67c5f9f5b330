import subprocess
import sys

HEAVY = {"sklearn", "onnx", "joblib", "pandas", "scipy", "scoring.training"}


def test_neither_web_nor_worker_loads_a_training_library() -> None:
    program = (
        "import sys, sentinel.asgi\n"
        "from django.urls import get_resolver\n"
        "get_resolver().url_patterns\n"
        "import scoring.selectors.models, scoring.services.models, scoring.tasks, scoring.services.model_readings\n"
        f"sys.exit(', '.join({HEAVY!r} & set(sys.modules)) or None)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
