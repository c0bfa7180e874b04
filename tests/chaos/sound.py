"""A small ledger in which all is well, and what would have been seen of it from outside."""

import json
from typing import LiteralString

import psycopg

from chaos.evidence import Answer, Evidence, Hook, Mail
from chaos.stage import plain_url
from config.settings import Settings
from matcher.book.lots import lot_view
from matcher.knowledge import Knowledge
from matcher.notices.endpoints import add_endpoint
from matcher.store.session import Ledger
from matcher.trading.clear import clear
from matcher.trading.tell_owners import tell_owners
from tests.market import demand, lot, party

# As the workers would: every page rendered, every delivery made at the first try.
WORK: tuple[LiteralString, ...] = (
    "UPDATE document SET rendered_at = now(), content = ''",
    "UPDATE delivery SET state = 'delivered', delivered_at = now()",
    """INSERT INTO attempt (id, delivery_id, started_at, finished_at, succeeded, answer)
       SELECT gen_random_uuid(), id, now(), now(), true, '200' FROM delivery""",
)


def connect(settings: Settings) -> psycopg.Connection[tuple[object, ...]]:
    return psycopg.connect(plain_url(settings), autocommit=True)


def trade(ledger: Ledger, knowledge: Knowledge) -> Evidence:
    """Two lots and a demand, of which one lot is partly and the other not matched."""
    with ledger.transaction() as session:
        seller, other = party(session, "producer", email="a@example.vn"), party(session, "producer")
        buyer = party(session, "buyer", email="b@example.vn")
        for each in (seller, buyer):
            add_endpoint(session, each, f"http://127.0.0.1:9/{each.id}")
        lots = [lot(session, seller, knowledge), lot(session, other, knowledge, ask=39_999)]
        wanted = demand(session, buyer, knowledge, quantity_kg=600)
        posted = [("lots", each.id, each.party_id, lot_view(each).model_dump_json()) for each in lots]
        said = {"id": str(wanted.id), "version": 1, "bid": 40_000, "quantity_kg": "600", "state": "open"}
        posted.append(("demands", wanted.id, wanted.party_id, json.dumps(said)))
    with ledger.transaction() as session:
        assert clear(session, "custard_apple", knowledge, ledger.settings) is not None
    with ledger.transaction() as session:
        assert tell_owners(session, knowledge.catalogue) > 0
    evidence = Evidence()
    for number, (noun, _, owner, body) in enumerate(posted):
        answer = Answer(f"key-{number}", str(owner), "POST", f"/v1/{noun}", 201, body.encode())
        evidence.answers += [answer, answer]  # each was sent twice
    with connect(ledger.settings) as connection:
        for statement in WORK:
            connection.execute(statement)
        for delivery, notice, channel, address in connection.execute(
            "SELECT id, notice_id, channel, address FROM delivery"
        ):
            if channel == "webhook":
                sent = json.dumps({"id": str(notice)}).encode()
                evidence.hooks.append(Hook(str(address), str(notice), sent))
            else:
                evidence.mails.append(Mail(str(address), str(delivery)))
    return evidence


def drop_rules(connection: psycopg.Connection[tuple[object, ...]]) -> None:
    """Takes away every constraint but primary keys, so that what they would refuse can be planted."""
    rules = connection.execute(
        "SELECT format('ALTER TABLE %s DROP CONSTRAINT IF EXISTS %I CASCADE', conrelid::regclass, conname)"
        " FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND contype IN ('c', 'u', 'f')"
    ).fetchall()
    for (statement,) in rules:
        connection.execute(str(statement).encode())
