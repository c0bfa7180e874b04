"""Changes of a minimum, or of a quantity, that would let two orders trade which a minimum keeps apart."""

from collections.abc import Iterator

from matcher.clearing.terms.minimum import least
from matcher.fields import kilograms, kilograms_text
from matcher.figures import number
from matcher.trading.explain.change import Change, Pair, Side

Proposed = Iterator[tuple[Change, Pair]]


def minimum_changes(pair: Pair, side: Side) -> Proposed:
    """Those of the owner of `side` first, minimums before the quantity; whether one does is to be tried."""
    if side == "lot":
        yield from _of_lot(pair)
        yield from _of_quantity(pair, side)
        yield from _of_demand(pair)
    else:
        yield from _of_demand(pair)
        yield from _of_quantity(pair, side)
        yield from _of_lot(pair)


def _of_lot(pair: Pair) -> Proposed:
    room, min_take, multiple = _room(pair), int(pair.lot.min_take[0]), int(pair.lot.multiple[0])
    part = _whole(room, multiple)
    if 0 < part < min_take:
        words = f"bán từng phần từ {_kg(part, 'vi')} kg", f"sell parts of {_kg(part, 'en')} kg"
        change = Change("lot", "min_take_kg", kilograms_text(min_take), kilograms_text(part), *words)
        yield change, pair.with_lot(min_take=part)
    # The largest unit, smaller than now, of which whole ones fill the room.
    unit = room // (room // multiple + 1) if multiple else 0
    if unit:
        words = f"đóng gói theo {_kg(unit, 'vi')} kg", f"pack in units of {_kg(unit, 'en')} kg"
        change = Change("lot", "multiple_kg", kilograms_text(multiple), kilograms_text(unit), *words)
        yield change, pair.with_lot(multiple=unit)


def _of_demand(pair: Pair) -> Proposed:
    min_take, part = int(pair.demand.min_take[0]), _whole(_room(pair), int(pair.lot.multiple[0]))
    if 0 < part < min_take:
        words = f"nhận từng phần từ {_kg(part, 'vi')} kg", f"take parts of {_kg(part, 'en')} kg"
        change = Change("demand", "min_take_kg", kilograms_text(min_take), kilograms_text(part), *words)
        yield change, pair.with_demand(min_take=part)


def _of_quantity(pair: Pair, side: Side) -> Proposed:
    """As much more of the owner's order as makes one smallest part."""
    left = int((pair.lot if side == "lot" else pair.demand).quantity[0])
    pairs = pair.pairs
    smallest = int(least(pairs.book, pairs.lot, pairs.demand)[0])
    if smallest <= left:
        return
    vi, en = (_kg(smallest - left, language) for language in ("vi", "en"))
    words = (f"bán thêm {vi} kg", f"offer {en} kg more")
    if side == "demand":
        words = (f"mua thêm {vi} kg", f"buy {en} kg more")
    now, needed = (kilograms_text(pair.own_taken + grams) for grams in (left, smallest))
    changed = pair.with_lot(quantity=smallest) if side == "lot" else pair.with_demand(quantity=smallest)
    yield Change(side, "quantity_kg", now, needed, *words), changed


def _room(pair: Pair) -> int:
    return min(int(pair.lot.quantity[0]), int(pair.demand.quantity[0]))


def _whole(grams: int, multiple: int) -> int:
    return grams // multiple * multiple if multiple else grams


def _kg(grams: int, language: str) -> str:
    return number(kilograms(grams), language)
