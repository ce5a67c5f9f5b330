"""Where people of the demo bank live and travel to."""

from dataclasses import dataclass
from random import Random

# Payments of one city lie this close to its middle, in degrees: about ten kilometres.
_SPREAD_DEGREES = 0.06


@dataclass(frozen=True, slots=True)
class City:
    name: str
    country: str
    zone: str
    latitude: float
    longitude: float

    def spot(self, rng: Random) -> tuple[float, float]:
        """Coordinates somewhere in the city."""
        north, east = (rng.uniform(-_SPREAD_DEGREES, _SPREAD_DEGREES) for _ in range(2))
        return round(self.latitude + north, 4), round(self.longitude + east, 4)


_INDIA = "Asia/Kolkata"

HOME_CITIES: tuple[City, ...] = (
    City("Mumbai", "IN", _INDIA, 19.08, 72.88),
    City("Delhi", "IN", _INDIA, 28.61, 77.21),
    City("Bengaluru", "IN", _INDIA, 12.97, 77.59),
    City("Hyderabad", "IN", _INDIA, 17.39, 78.49),
    City("Chennai", "IN", _INDIA, 13.08, 80.27),
    City("Kolkata", "IN", _INDIA, 22.57, 88.36),
    City("Pune", "IN", _INDIA, 18.52, 73.86),
    City("Berlin", "DE", "Europe/Berlin", 52.52, 13.41),
    City("Paris", "FR", "Europe/Paris", 48.86, 2.35),
    City("New York", "US", "America/New_York", 40.71, -74.01),
    City("Chicago", "US", "America/Chicago", 41.88, -87.63),
    City("London", "GB", "Europe/London", 51.51, -0.13),
    City("Tokyo", "JP", "Asia/Tokyo", 35.68, 139.69),
    City("Manama", "BH", "Asia/Bahrain", 26.23, 50.58),
)
HOLIDAY_CITIES: tuple[City, ...] = (
    City("Dubai", "AE", "Asia/Dubai", 25.20, 55.27),
    City("Singapore", "SG", "Asia/Singapore", 1.35, 103.82),
    City("Bangkok", "TH", "Asia/Bangkok", 13.76, 100.50),
    City("Barcelona", "ES", "Europe/Madrid", 41.39, 2.17),
    City("Rome", "IT", "Europe/Rome", 41.90, 12.50),
)
# Where stolen cards turn up.
FAR_CITIES: tuple[City, ...] = (
    City("Lagos", "NG", "Africa/Lagos", 6.52, 3.38),
    City("São Paulo", "BR", "America/Sao_Paulo", -23.55, -46.63),
    City("Bucharest", "RO", "Europe/Bucharest", 44.43, 26.10),
    City("Manila", "PH", "Asia/Manila", 14.60, 120.98),
)


def cities_of(country: str) -> list[City]:
    return [city for city in HOME_CITIES if city.country == country]
