"""Contracts with hard names and amounts, generated as they would be drafted; they need no database."""

import json
import random
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from matcher.clock import day_of
from matcher.contracts.terms import contract_terms, terms_hash
from matcher.knowledge import Knowledge
from matcher.store.tables import Contract, Demand, Lot, Match, Party, Signature

# Letters of every kind, what markup and formulas are made of, and what is easily taken for something else.
_HARD = r"""
    Nguyễn Thị Hường Trần Văn Vượng Đỗ Thuỵ Quỳnh Kpă Y'Sương Hằng Ngọc Uỷ Khuỷu Nghiễm Ượt Ỡm Ờ Ỵ Ỹ Ẳng Ẵm Ặc
    Ậu Ẫu Ẩu Ểnh Ễnh Ệch Ổi Ỗi Ộc Ở Ợ Ự Ữ Ử <script> &amp; #let $x$ *đậm* _nghiêng_ {{terms}} {%raw%} [link] ]
    @ten \n // /* `mã` ~ ^ % ± × − 1.000,5 "Na" 'Chi' “Lăng” (HTX) A&B 2/9 C+ № № € ß Ł ő æ ffi office fjord
    hợp-tác-xã.nông-nghiệp.xuất-khẩu@chi-lăng.example.vn
"""
WORDS = _HARD.split()
STATES = ("draft", "accepted_by_seller", "agreed", "declined", "lapsed", "cancelled")


def contracts(count: int, knowledge: Knowledge, seed: int = 1) -> Iterator[Contract]:
    """`count` contracts, the same for the same seed."""
    for number in range(1, count + 1):
        yield contract(random.Random(f"{seed}/{number}"), number, knowledge)


def contract(chance: random.Random, serial: int, knowledge: Knowledge) -> Contract:
    drafted_at = datetime(2020, 8, 21, 3, tzinfo=UTC) + timedelta(minutes=chance.randrange(10**6))
    number = f"{serial:04d}/{drafted_at.year}/HĐMB-LS"
    match = _match(chance, day_of(drafted_at), knowledge)
    crop = knowledge.catalogue.crop(match.lot.crop)
    # As the database gives them back.
    terms = json.loads(json.dumps(contract_terms(match, crop, number, day_of(drafted_at), knowledge)))
    state = chance.choice(STATES)
    sides = {"agreed": ("seller", "buyer"), "accepted_by_seller": ("seller",)}.get(state, ())
    signatures = [
        Signature(
            side=side, version=1, signer=words(chance), role=words(chance, 2), authority=None,
            terms_hash=terms_hash(terms), signed_at=drafted_at + timedelta(hours=1),
        )
        for side in sides
    ]  # fmt: skip
    return Contract(
        number=number, version=1, signature=state, terms=terms, drafted_at=drafted_at, signatures=signatures,
        deadline_at=drafted_at + timedelta(hours=6), page_key=f"{chance.randrange(2**128):022x}"[:22],
    )  # fmt: skip


def words(chance: random.Random, most: int = 8) -> str:
    return " ".join(chance.choices(WORDS, k=chance.randint(1, most)))


def _match(chance: random.Random, day: date, knowledge: Knowledge) -> Match:
    ask, bid = sorted(chance.choice([0, 1, 999, 1_001, 21_415, 10**8]) + chance.randrange(99) for _ in "ab")
    transport = chance.randint(0, (bid - ask) // 2)
    lot = _lot(chance, knowledge)
    demand = Demand(
        place_name=words(chance, 4), place_code=None, place_vintage=None, deliver_until=day + timedelta(4)
    )
    return Match(
        lot=lot, demand=demand, seller=_party(chance), buyer=_party(chance),
        quantity_g=chance.choice([1, 999, 1_000, 400_125, 21_000_000, 10**11]) + chance.randrange(3),
        ask=ask, bid=bid, transport=transport, price=chance.randint(ask, bid - transport),
        distance_m=chance.randrange(2_000_000), pick_day=day, leave_day=day, delivery_day=day + timedelta(1),
    )  # fmt: skip


def _lot(chance: random.Random, knowledge: Knowledge) -> Lot:
    crop = chance.choice(list(knowledge.catalogue.crops.values()))
    place = chance.choice(knowledge.places.all)
    return Lot(
        id=UUID(int=chance.getrandbits(128), version=4),
        crop=crop.key,
        grade=chance.choice(crop.grade_keys),
        variety=chance.choice([None, *crop.variety_keys]),
        certificates=[
            {
                "scheme": scheme,
                "number": words(chance, 2),
                "valid_from": "2020-01-01",
                "valid_until": "2021-12-31",
            }
            for scheme in chance.sample(["vietgap", "globalgap", "gone"], chance.randint(0, 3))
        ],
        ocop_stars=chance.choice([None, 3, 5]),
        growing_area_code=chance.choice([None, "VN-LSOR-0031"]),
        storage=chance.choice(["ambient", "cool"]),
        place_name=place.full_name,
        place_code=place.code,
        place_vintage=place.vintage,
    )


def _party(chance: random.Random) -> Party:
    optional = (
        "address",
        "tax_code",
        "representative",
        "position",
        "authority",
        "phone",
        "bank_account",
        "bank",
    )
    fields = {name: chance.choice([None, words(chance)]) for name in optional}
    return Party(id=UUID(int=chance.getrandbits(128), version=4), name=words(chance), **fields)
