from zoneinfo import ZoneInfo, ZoneInfoNotFoundError


def zone_exists(name: str) -> bool:
    """Whether this is a name of the IANA time zone database, such as Asia/Kolkata."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True
