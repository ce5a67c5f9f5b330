"""Django as it comes, without any middleware: the strictest stock yardstick there is."""

import secrets

SECRET_KEY = secrets.token_urlsafe(48)
ALLOWED_HOSTS = ["127.0.0.1"]
ROOT_URLCONF = "bench.yardsticks.hello"
MIDDLEWARE: list[str] = []
USE_TZ = True
