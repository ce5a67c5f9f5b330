"""Shops of the demo bank: a few of each kind in every city, and online shops for everybody."""

from dataclasses import dataclass
from functools import cached_property

from scoring.demo.places import FAR_CITIES, HOLIDAY_CITIES, HOME_CITIES, City
from scoring.demo.randomness import randomness

MORNING, DAYTIME, EVENING, ANYTIME = "morning", "daytime", "evening", "anytime"


@dataclass(frozen=True, slots=True)
class Kind:
    """A line of business. `rupees` is a usual price in India, `weight` how often people buy there."""

    code: str  # ISO 18245
    words: str
    rupees: float
    spread: float
    weight: float
    part_of_day: str = ANYTIME


@dataclass(frozen=True, slots=True)
class Merchant:
    """`city` is None for an online shop, which sits in `country`."""

    id: str
    name: str
    kind: Kind
    country: str
    city: City | None = None


# Prices lie close together: people whose usual payments are alike show the model what is unusual.
_EVERYDAY = (
    Kind("5411", "Fresh Market", 800, 0.30, 6.0, EVENING),
    Kind("5812", "Kitchen", 850, 0.30, 4.0, EVENING),
    Kind("5814", "Coffee House", 400, 0.25, 3.0, MORNING),
    Kind("5541", "Fuel", 1100, 0.20, 2.0, DAYTIME),
    Kind("5912", "Pharmacy", 550, 0.30, 1.5, DAYTIME),
    Kind("4121", "Cabs", 450, 0.30, 2.5),
    Kind("5651", "Fashion", 1250, 0.25, 0.8, DAYTIME),
    Kind("5732", "Electronics", 2600, 0.45, 0.1, DAYTIME),
)
_TOURIST = (
    Kind("5812", "Restaurant", 1000, 0.30, 4.0, EVENING),
    Kind("7011", "Hotel", 1700, 0.40, 0.5, DAYTIME),
    Kind("5947", "Souvenirs", 800, 0.30, 2.0, DAYTIME),
)
_ANYWHERE = (Kind("5944", "Jewellers", 6500, 0.40, 1.0), Kind("5732", "Gadgets", 5200, 0.40, 1.0))

_ONLINE: tuple[tuple[str, str, Kind], ...] = (
    ("Bazaar Online", "IN", Kind("5311", "", 900, 0.35, 4.0)),
    ("Nimbus Store", "US", Kind("5311", "", 950, 0.35, 3.0)),
    ("Page & Ink", "GB", Kind("5942", "", 600, 0.30, 1.0)),
    ("Tiffin Express", "IN", Kind("5814", "", 550, 0.30, 4.0, EVENING)),
    ("Foodjet", "DE", Kind("5814", "", 600, 0.30, 3.0, EVENING)),
    ("RailSeat", "IN", Kind("4112", "", 900, 0.35, 0.8)),
    ("Skyhop Airlines", "AE", Kind("4511", "", 2800, 0.40, 0.1)),
    ("Pixel Arcade", "JP", Kind("5816", "", 500, 0.30, 1.0, EVENING)),
    ("StayWell Hotels", "NL", Kind("7011", "", 2200, 0.40, 0.1)),
    ("Cinedrome", "IN", Kind("7832", "", 650, 0.25, 1.0, EVENING)),
    ("Green Basket", "IN", Kind("5411", "", 850, 0.30, 3.0)),
    ("Wardrobe Lane", "FR", Kind("5651", "", 1200, 0.30, 0.6)),
    ("Volt & Wire", "US", Kind("5732", "", 2200, 0.45, 0.1)),
    ("Petal Post", "NL", Kind("5992", "", 850, 0.25, 0.4)),
)
SUBSCRIPTIONS: tuple[tuple[str, str, Kind], ...] = (
    ("Streamly", "US", Kind("4899", "", 499, 0.0, 1.0)),
    ("Tunewave", "GB", Kind("5815", "", 199, 0.0, 1.0)),
    ("CloudBox", "US", Kind("5734", "", 260, 0.0, 1.0)),
    ("TelNet Mobile", "IN", Kind("4814", "", 719, 0.0, 1.0)),
    ("PowerGrid Bills", "IN", Kind("4900", "", 1150, 0.0, 1.0)),
)
# Shops nobody of the bank goes to; stolen cards are tried and used there.
_SHADY: tuple[tuple[str, str, Kind], ...] = (
    ("QuickGift Cards", "CY", Kind("5947", "", 2500, 0.3, 1.0)),
    ("Coin Harbour", "MT", Kind("6051", "", 8000, 0.3, 1.0)),
    ("GameTopup 24", "HK", Kind("5816", "", 900, 0.3, 1.0)),
    ("Lucky Reef Casino", "CW", Kind("7995", "", 4000, 0.3, 1.0)),
    ("Parcel Drop", "BG", Kind("5399", "", 1500, 0.3, 1.0)),
    ("DonateNow", "US", Kind("8398", "", 100, 0.3, 1.0)),
    ("Phone Credit Hub", "LT", Kind("4814", "", 300, 0.3, 1.0)),
    ("Luxe Timepieces", "HK", Kind("5944", "", 30000, 0.3, 1.0)),
)

_STEMS = {
    "IN": "Sharma Annapurna Lakshmi Ganga Surya Chandni Malabar Himalaya Deccan Lotus Saffron Neem".split(),
    "DE": "Linden Spree Brandt Adler Havel Kiez".split(),
    "FR": "Belleville Marais Lumière Canal Étoile Rivoli".split(),
    "US": "Hudson Liberty Lakeside Maple Union Parkway".split(),
    "GB": "Thames Camden Albion Kingsway Borough Regent".split(),
    "JP": "Sakura Fuji Hoshi Midori Kawa Umi".split(),
    "BH": "Pearl Dilmun Seef Corniche Muharraq Awal".split(),
}
_STEMS_ELSEWHERE = "Grand Central Harbour Plaza Royal Marina".split()


@dataclass(frozen=True)
class Market:
    """All shops, found by what a customer looks for."""

    merchants: tuple[Merchant, ...]
    subscriptions: tuple[Merchant, ...]
    shady: tuple[Merchant, ...]

    @cached_property
    def online(self) -> tuple[Merchant, ...]:
        return tuple(merchant for merchant in self.merchants if merchant.city is None)

    @cached_property
    def by_city(self) -> dict[str, tuple[Merchant, ...]]:
        found: dict[str, list[Merchant]] = {}
        for merchant in self.merchants:
            if merchant.city is not None:
                found.setdefault(merchant.city.name, []).append(merchant)
        return {city: tuple(merchants) for city, merchants in found.items()}


def market_make(seed: int) -> Market:
    local = [
        (_local_name(seed, city, kind), city.country, kind, city)
        for cities, kinds in ((HOME_CITIES, _EVERYDAY), (HOLIDAY_CITIES, _TOURIST), (FAR_CITIES, _ANYWHERE))
        for city in cities
        for kind in kinds
    ]
    rows = [*local, *((*row, None) for row in (*_ONLINE, *SUBSCRIPTIONS, *_SHADY))]
    merchants = tuple(
        Merchant(f"m_{number:03d}", name, kind, country, city)
        for number, (name, country, kind, city) in enumerate(rows, start=1)
    )
    subscriptions_at, shady_at = len(local) + len(_ONLINE), len(merchants) - len(_SHADY)
    return Market(merchants[:subscriptions_at], merchants[subscriptions_at:shady_at], merchants[shady_at:])


def _local_name(seed: int, city: City, kind: Kind) -> str:
    stems = _STEMS.get(city.country, _STEMS_ELSEWHERE)
    return f"{randomness(seed, city.name, kind.words).choice(stems)} {kind.words}, {city.name}"
