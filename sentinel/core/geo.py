"""Distance on the globe and travel speed."""

from math import asin, cos, radians, sin, sqrt

EARTH_RADIUS_KM = 6371.0088  # mean radius, IUGG

# A journey shorter than this is timed as if it took this long: clocks and coordinates are not exact.
MIN_TRAVEL_SECONDS = 60.0


def distance_km(latitude_1: float, longitude_1: float, latitude_2: float, longitude_2: float) -> float:
    """Great-circle distance by the haversine formula; degrees in, kilometres out."""
    phi_1, phi_2 = radians(latitude_1), radians(latitude_2)
    half_phi = (phi_2 - phi_1) / 2
    half_lambda = radians(longitude_2 - longitude_1) / 2
    chord = sin(half_phi) ** 2 + cos(phi_1) * cos(phi_2) * sin(half_lambda) ** 2
    return 2 * EARTH_RADIUS_KM * asin(min(1.0, sqrt(chord)))


def speed_kmh(distance: float, seconds: float) -> float:
    """Average speed over a distance in kilometres."""
    return distance / max(seconds, MIN_TRAVEL_SECONDS) * 3600
