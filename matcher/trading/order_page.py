"""An order as its owner reads it on a telephone, by the link in its notices: how it stands, and why.

Nothing of another party's is on it but what that party's contracts with the owner say.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from matcher.catalogue import Catalogue
from matcher.contracts.draft import page_path
from matcher.contracts.moves import WAITING
from matcher.fields import kilograms
from matcher.figures import day, number
from matcher.pages import templates_of
from matcher.parties import get_party
from matcher.quarantine import in_words
from matcher.store.tables import Contract, Demand, Lot, Match
from matcher.trading.explain.explain import explain
from matcher.trading.explain.explanation import Explanation
from matcher.trading.outlook import outlook

MOST_CONTRACTS = 20
MOST_REASONS = 3


def order_page(session: Session, order: Lot | Demand, catalogue: Catalogue, language: str) -> str:
    """The page as HTML, in `language` if that is vi or en, or else in its owner's."""
    spoken = language if language in ("vi", "en") else get_party(session, order.party_id).language
    side = "lot" if isinstance(order, Lot) else "demand"
    contracts, more_contracts = _contracts(session, order)
    expected = outlook(session, order)
    waiting = order.state == "open" and not expected.partners and order.quarantine is None
    why = explain(session, order, catalogue) if waiting else None
    return _templates.get_template("order.html").render(
        order=order,
        side=side,
        language=spoken,
        names=_names(order.crop, catalogue, spoken),
        contracts=contracts,
        more_contracts=more_contracts,
        outlook=expected,
        why=why,
        reasons=_reasons(why),
        changes=_changes(why, side, spoken),
        quarantine=order.quarantine and in_words(order.quarantine, spoken),
        kg=lambda grams: number(kilograms(grams), spoken),
        figure=lambda value: number(value, spoken),
        day=lambda when: day(str(when), spoken),
    )


def _names(key: str, catalogue: Catalogue, language: str) -> dict[str, dict[str, str]]:
    """What keys stand for, of each kind; what has left the catalogue is not in it."""
    crop = catalogue.crops.get(key)
    kinds: dict[str, Iterable[Any]] = {
        "crops": catalogue.crops.values(),
        "varieties": crop.varieties if crop else (),
        "grades": crop.grades if crop else (),
        "certificates": catalogue.certificates.values(),
        "markets": catalogue.markets.values(),
    }
    return {
        kind: {each.key: getattr(each.names, language) for each in entries} for kind, entries in kinds.items()
    }


def _contracts(session: Session, order: Lot | Demand) -> tuple[Sequence[dict[str, Any]], int]:
    """Those of the order, newest first, and how many more there are."""
    ours = Match.lot_id == order.id if isinstance(order, Lot) else Match.demand_id == order.id
    own = select(Contract).join(Match, Match.id == Contract.match_id).where(ours)
    newest = session.scalars(own.order_by(Contract.id.desc()).limit(MOST_CONTRACTS)).all()
    count = session.scalar(own.with_only_columns(func.count())) or 0
    shown = [
        {
            "number": contract.number,
            "page": page_path(contract),
            "state": contract.fulfilment if contract.signature == "agreed" else contract.signature,
            "waits_until": contract.deadline_at if contract.signature in WAITING else None,
            "quantity_g": contract.quantity_g,
            "price": contract.terms["price"]["farm_gate"],
            "delivery_day": contract.terms["delivery_day"],
        }
        for contract in newest
    ]
    return shown, count - len(shown)


def _reasons(why: Explanation | None) -> Sequence[tuple[str, int]]:
    """What keeps most of the other side apart, with how many."""
    blocked = why.blocked if why else {}
    return sorted(blocked.items(), key=lambda rule: -rule[1])[:MOST_REASONS]


def _changes(why: Explanation | None, side: str, language: str) -> dict[str, list[str]]:
    """What the owner could change, in words: with which it would trade, and what would only open a pair."""
    if why is None:
        return {"trade": [], "open": []}
    trade = [change for change in (why.outbid, why.sellers_used_up) if change is not None]
    kinds = {"trade": trade, "open": [miss.change for miss in why.misses if miss.change not in trade]}
    return {
        kind: [getattr(change, language) for change in changes if change.side == side]
        for kind, changes in kinds.items()
    }


_templates = templates_of("matcher.trading")
