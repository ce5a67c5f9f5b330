from functools import cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones


def zone_exists(name: str) -> bool:
    """Whether this is a name of the IANA time zone database, such as Asia/Kolkata."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def zone_listed(name: str) -> ZoneInfo | None:
    """The zone of a name that a stranger sent. Looked up in a list, so that no file of that name is asked for."""
    return ZoneInfo(name) if name in _listed() else None


@cache
def _listed() -> frozenset[str]:
    return frozenset(available_timezones())
