"""Small random books."""

from hypothesis import strategies as st

from tests.clearing.scalar import TODAY, Certificate, Demand, Lot, keyed

PLACES = [(21.6, 106.5), (21.5, 106.3), (21.0, 105.8), (16.05, 108.2), (10.8, 106.7)]

days = st.integers(TODAY - 3, TODAY + 8)
places = st.sampled_from(PLACES)
schemes = st.frozensets(st.integers(0, 2), max_size=1)
few = st.integers(0, 2)
asks = st.sampled_from([9_000, 14_000, 19_000])
some_day = st.sampled_from([0, TODAY + 2, TODAY + 4, 2 * TODAY])
certificates = st.builds(
    lambda scheme, first, length: Certificate(scheme, first, first + length), few, days, st.integers(0, 6)
)


@st.composite
def any_lot(draw: st.DrawFn) -> Lot:
    """A lot that may break any rule."""
    first, place = draw(days), draw(places)
    return Lot(
        posted=draw(few), party=draw(few), crop=draw(st.sampled_from([0, 0, 0, 1])), variety=draw(few),
        grade=draw(few), quantity=draw(st.integers(0, 12)), ask=draw(asks),
        harvest_from=first, harvest_until=first + draw(st.integers(0, 4)), latitude=place[0],
        longitude=place[1], shelf_life=draw(st.integers(0, 6)), ocop_stars=draw(few),
        growing_area=draw(st.booleans()), certificates=tuple(draw(st.lists(certificates, max_size=2))),
    )  # fmt: skip


@st.composite
def any_demand(draw: st.DrawFn) -> Demand:
    """A demand that may be blocked by any rule."""
    first, place = draw(days), draw(places)
    return Demand(
        posted=draw(few), party=draw(few), crop=draw(st.sampled_from([0, 0, 0, 1])),
        varieties=draw(st.frozensets(st.integers(1, 2), max_size=1)), min_grade=draw(few),
        quantity=draw(st.integers(0, 12)), bid=draw(st.sampled_from([15_000, 20_000, 25_000])),
        deliver_from=first, deliver_until=first + draw(st.integers(0, 6)), latitude=place[0],
        longitude=place[1], max_distance=draw(st.sampled_from([-1, 0, 100_000, 1_000_000])),
        certificates_required=draw(schemes), min_ocop_stars=draw(few), min_shelf_life=draw(few),
        gate_from=draw(some_day), gate_until=draw(some_day),
        gate_growing_area=draw(st.booleans()), gate_certificates=draw(schemes),
    )  # fmt: skip


@st.composite
def plain_lot(draw: st.DrawFn) -> Lot:
    """A lot that keeps most rules, at one of few prices, so that there are ties."""
    place = draw(places)
    return Lot(
        posted=draw(few), quantity=draw(st.integers(0, 12)), latitude=place[0], longitude=place[1],
        ask=draw(st.sampled_from([10_000, 12_000, 19_500])),
    )  # fmt: skip


@st.composite
def plain_demand(draw: st.DrawFn) -> Demand:
    place = draw(places)
    return Demand(
        posted=draw(few), quantity=draw(st.integers(0, 12)), latitude=place[0], longitude=place[1],
        bid=draw(st.sampled_from([15_000, 20_000, 21_000])),
    )  # fmt: skip


books = st.tuples(
    st.lists(st.one_of(plain_lot(), any_lot()), max_size=6),
    st.lists(st.one_of(plain_demand(), any_demand()), max_size=6),
).map(lambda orders: keyed(*orders))
