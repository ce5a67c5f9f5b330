"""`gunicorn bench.yardsticks.stock:application`: a hello view under Django's own, unmodified ASGIHandler."""

import os

os.environ["DJANGO_SETTINGS_MODULE"] = "bench.yardsticks.stock_settings"

from django.core.asgi import get_asgi_application

application = get_asgi_application()
