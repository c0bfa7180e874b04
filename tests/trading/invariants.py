"""What must be true of a ledger whatever happened to it, asked of the tables themselves."""

from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from matcher.store.session import Ledger
from matcher.store.tables import Clearing, Demand, Lot, Match
from matcher.trading.record.chain import as_of
from matcher.trading.record.replay import replay

# Each selects what breaks it.
NEVER = {
    "what an order's matches take is what it says is taken": """
        SELECT o.id FROM (SELECT id, taken_g FROM lot UNION ALL SELECT id, taken_g FROM demand) o
        LEFT JOIN (SELECT lot_id AS id, c.quantity_g FROM match n JOIN contract c ON c.match_id = n.id
                   WHERE released_at IS NULL
                   UNION ALL SELECT demand_id, c.quantity_g FROM match n JOIN contract c ON c.match_id = n.id
                   WHERE released_at IS NULL) m USING (id)
        GROUP BY o.id, o.taken_g HAVING o.taken_g <> coalesce(sum(m.quantity_g), 0)
    """,
    "an order is never taken beyond its quantity": """
        SELECT id FROM (SELECT id, quantity_g, taken_g, remaining_g FROM lot
                        UNION ALL SELECT id, quantity_g, taken_g, remaining_g FROM demand) o
        WHERE taken_g > quantity_g OR taken_g + remaining_g <> quantity_g OR remaining_g < 0
    """,
    "a match has one contract, of the same two parties": """
        SELECT m.id FROM match m LEFT JOIN contract c ON c.match_id = m.id
        GROUP BY m.id
        HAVING count(c.id) <> 1 OR bool_or(c.seller_id <> m.seller_id OR c.buyer_id <> m.buyer_id)
    """,
    "both parties of a match are told of it, each once": """
        SELECT m.id FROM match m LEFT JOIN event e ON e.subject_id = m.id AND e.kind = 'match.made'
        LEFT JOIN notice n ON n.event_id = e.id
        GROUP BY m.id, m.seller_id, m.buyer_id
        HAVING coalesce(array_agg(n.party_id ORDER BY n.party_id), '{}')
            <> (SELECT array_agg(p ORDER BY p) FROM unnest(ARRAY[m.seller_id, m.buyer_id]) p)
    """,
    "a notice has a delivery for every address of its party": """
        SELECT n.id FROM notice n
        JOIN (SELECT party_id, address FROM contact
              UNION ALL SELECT party_id, url FROM endpoint) a USING (party_id)
        LEFT JOIN delivery d ON d.notice_id = n.id AND d.address = a.address WHERE d.id IS NULL
    """,
    "a contract's page is asked for": """
        SELECT c.id FROM contract c LEFT JOIN document d ON d.contract_id = c.id WHERE d.contract_id IS NULL
    """,
    "contract numbers have no gaps": """
        SELECT series FROM contract GROUP BY series, year
        HAVING min(serial) <> 1 OR max(serial) <> count(*) OR count(DISTINCT serial) <> count(*)
    """,
    "the serials given are those of contracts": """
        SELECT s.series FROM contract_series s
        WHERE s.last_serial <> (
            SELECT count(*)
            FROM (SELECT series, year FROM contract UNION ALL SELECT series, year FROM frame) c
            WHERE (c.series, c.year) = (s.series, s.year))
    """,
    "nobody trades with itself, and a match is between a lot and a demand of its crop": """
        SELECT m.id FROM match m JOIN lot l ON l.id = m.lot_id JOIN demand d ON d.id = m.demand_id
        WHERE m.seller_id = m.buyer_id OR l.party_id <> m.seller_id OR d.party_id <> m.buyer_id
           OR l.crop <> m.crop OR d.crop <> m.crop
    """,
    "no more is called of an agreement than it is over": """
        SELECT f.id FROM frame f JOIN frame_call k ON k.frame_id = f.id
        JOIN contract c ON c.id = k.contract_id JOIN match m ON m.id = c.match_id WHERE m.released_at IS NULL
        AND c.fulfilment NOT IN ('short', 'breached')
        GROUP BY f.id HAVING sum(c.quantity_g) > (f.terms -> 'goods' ->> 'quantity_kg')::numeric * 1000
    """,
    "a price lies between ask and bid less transport": """
        SELECT id FROM match WHERE price < ask OR price + transport > bid
    """,
}

DUE = """
    SELECT (SELECT count(*) FROM book WHERE version > cleared_version),
           (SELECT count(*) FROM document WHERE rendered_at IS NULL),
           (SELECT count(*) FROM delivery WHERE state = 'due')
"""


def broken(ledger: Ledger) -> dict[str, list[UUID | str]]:
    """What is broken, with the rows that break it: nothing, or somebody has been cheated."""
    with ledger.transaction() as session:
        found = {name: list(session.scalars(text(query))) for name, query in NEVER.items()}
        found["a clearing's input replays to its matches"] = [
            clearing.id for clearing in session.scalars(select(Clearing)) if not replays(session, clearing)
        ]
    return {name: rows for name, rows in found.items() if rows}


def nothing_is_due(ledger: Ledger) -> bool:
    """Whether every book is cleared, every page rendered and every notice delivered."""
    with ledger.transaction() as session:
        return not any(session.execute(text(DUE)).one())


def replays(session: Session, clearing: Clearing) -> bool:
    """Whether the record, cleared again, gives the matches in the table, to the gram and the đồng.

    Of what it found only the matches of a demand are not made of which an order changed meanwhile.
    """
    if replay(session, clearing.id):
        return False
    given, found = as_of(session, clearing)
    columns = (found["quantity"], found["price"], found["value"], found["delivery_day"])
    expected = {
        (UUID(given.lot_ids[lot]), UUID(given.demand_ids[demand]), *map(int, figures))
        for lot, demand, *figures in zip(found["lot"], found["demand"], *columns, strict=True)
    }
    written = {
        (match.lot_id, match.demand_id, match.quantity_g, match.price, match.value,
         match.delivery_day.toordinal())
        for match in session.scalars(select(Match).where(Match.clearing_id == clearing.id))
    }  # fmt: skip
    welfare = int(found["quantity"].astype(object) @ found["value"].astype(object) or 0)
    changed = {
        demand_id
        for lot_id, demand_id, *_ in expected
        if max(session.get_one(Lot, lot_id).changed_in, session.get_one(Demand, demand_id).changed_in)
        > clearing.book_version
    }
    not_made = {demand_id for _, demand_id, *_ in expected - written}
    return written <= expected and not_made <= changed and int(clearing.welfare) == welfare
