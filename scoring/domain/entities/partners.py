"""Whom an entity was seen with: a card with merchants, a merchant with accounts, and so on."""

from array import array
from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field

PARTNERS_MAX = 256  # of each kind, the last ones seen


@dataclass(slots=True)
class Partners:
    """A hash of each and when it was last seen, in the order of that."""

    hashes: "array[int]" = field(default_factory=lambda: array("I"))
    seen: "array[int]" = field(default_factory=lambda: array("I"))

    def meet(self, partner: int, moment: int) -> None:
        hashes, seen = self.hashes, self.seen
        if hashes and hashes[-1] == partner:
            seen[-1] = max(seen[-1], moment)
            return
        if partner in hashes:
            place = hashes.index(partner)
            moment = max(moment, seen.pop(place))
            del hashes[place]
        if not seen or moment >= seen[-1]:
            hashes.append(partner)
            seen.append(moment)
        else:
            place = bisect_right(seen, moment)
            hashes.insert(place, partner)
            seen.insert(place, moment)
        if len(hashes) > PARTNERS_MAX:
            del hashes[0], seen[0]

    def forget_before(self, moment: int) -> None:
        if self.seen and self.seen[0] < moment:
            first = bisect_left(self.seen, moment)
            del self.hashes[:first], self.seen[:first]

    def copy(self) -> "Partners":
        return Partners(self.hashes[:], self.seen[:])
