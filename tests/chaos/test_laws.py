# ruff: noqa: S608  # the words put into statements are this file's own
"""Each law of the ledger is broken once by raw SQL, and the checker must say so."""

import re

from chaos.checker import check
from chaos.laws import ALWAYS, CAUGHT_UP, Law
from chaos.violations import Violation
from matcher.knowledge import Knowledge
from matcher.store.session import Ledger
from tests.chaos.sound import connect, drop_rules, trade

LATER = "now() + interval '1 hour'"
LAST_LOT = "(SELECT max(id::text)::uuid FROM lot)"
ONE_DELIVERY = "(SELECT min(id::text)::uuid FROM delivery)"
# In the order of the laws.
PLANTS = (
    "UPDATE lot SET taken_g = taken_g - 1 WHERE taken_g > 0",
    "ALTER TABLE demand ALTER remaining_g DROP EXPRESSION; UPDATE demand SET remaining_g = remaining_g + 1",
    "UPDATE lot SET state = 'filled'",
    "DELETE FROM contract",
    "DELETE FROM match",
    "UPDATE contract SET buyer_id = seller_id",
    "UPDATE match SET released_at = now()",
    "UPDATE contract SET serial = serial + 1",
    "UPDATE contract_series SET last_serial = last_serial + 1",
    "UPDATE contract SET signature = 'agreed'",
    "DELETE FROM document",
    "DROP TRIGGER steps_only_grow ON step; DELETE FROM step",
    "INSERT INTO step VALUES (gen_random_uuid(), 1, '{}', 'x')",
    """INSERT INTO step SELECT subject_id, 2, '{"previous": "x"}', 'y' FROM step""",
    """INSERT INTO frame (id, series, year, serial, number, kind, state, terms, drafted_at)
       VALUES (gen_random_uuid(), 'x', 2020, 1, 'x', 'frame', 'agreed', '{}', now())""",
    "UPDATE contract SET signature = 'sent'",
    "DELETE FROM event",
    "UPDATE contract SET signature = 'cancelled'",
    """WITH frame AS (INSERT INTO frame (id, series, year, serial, number, kind, state, terms, drafted_at)
           VALUES (gen_random_uuid(), 'x', 2020, 1, 'x', 'frame', 'agreed', '{}', now()) RETURNING id)
       INSERT INTO event (id, kind, subject_id, subject_version, data, occurred_at)
       SELECT gen_random_uuid(), 'frame.drafted', id, 1, '{}', now() FROM frame""",
    f"DELETE FROM event WHERE kind = 'order.posted' AND subject_id = {LAST_LOT}",
    f"UPDATE lot SET state = 'withdrawn' WHERE id = {LAST_LOT}",
    "UPDATE lot SET quarantine = 'x'",
    "DELETE FROM notice WHERE id = (SELECT min(id::text)::uuid FROM notice)",
    "DELETE FROM notice",
    """INSERT INTO notice (id, event_id, party_id) SELECT gen_random_uuid(), e.id, l.party_id
       FROM event e, lot l WHERE e.kind = 'match.made' AND l.taken_g = 0""",
    f"UPDATE delivery SET address = 'stranger@example.vn' WHERE id = {ONE_DELIVERY}",
    f"DELETE FROM delivery WHERE id = {ONE_DELIVERY}",
    f"UPDATE delivery SET state = 'lost' WHERE id = {ONE_DELIVERY}",
    "DELETE FROM attempt",
    f"UPDATE delivery SET state = 'due', due_at = {LATER} WHERE id = {ONE_DELIVERY}",
    f"UPDATE delivery SET state = 'withdrawn' WHERE id = {ONE_DELIVERY}; DELETE FROM attempt",
    "UPDATE match SET crop = 'lychee'",
    "UPDATE match SET buyer_id = seller_id",
    "UPDATE match SET price = bid",
    "UPDATE match SET delivery_day = delivery_day + 30",
    "UPDATE match SET leave_day = pick_day - 1",
    "UPDATE demand SET max_distance_m = 1",
    "UPDATE demand SET varieties = ARRAY['na_bo']",
    "UPDATE demand SET certificates_required = ARRAY['vietgap']",
    "UPDATE contract SET signature = 'declined'; UPDATE match SET released_at = made_at - interval '1 h'",
    """UPDATE contract SET signature = 'agreed', fulfilment = 'breached'; INSERT INTO step
       SELECT id, 9, '{"kind": "closed", "at": "2020-08-21T05:00:00Z"}', 'x' FROM contract""",
    "UPDATE book SET version = version + 1",
    "UPDATE book SET freeze_at = now()",
    "UPDATE lot SET changed_at = now()",
    "DELETE FROM book",
    "UPDATE lot SET quarantine = 'x'",
    """INSERT INTO order_news
       SELECT gen_random_uuid(), id, 'posted', 1, now(), now(), 1, 1, now(), true FROM lot""",
    f"UPDATE delivery SET state = 'due', due_at = now() WHERE id = {ONE_DELIVERY}",
    f"DELETE FROM attempt; UPDATE delivery SET state = 'due', due_at = {LATER}",
    "UPDATE document SET rendered_at = NULL, content = NULL",
    "UPDATE contract SET deadline_at = now()",
    "UPDATE contract SET remind_at = now()",
    """UPDATE contract SET signature = 'agreed'; INSERT INTO amendment
       (id, contract_id, version, side, state, terms, signer, address, proposed_at, deadline_at)
       SELECT gen_random_uuid(), id, 2, 'seller', 'open', '{}', 'x', 'x', now(), now() FROM contract""",
    """UPDATE contract SET fulfilment = 'partly_delivered',
       terms = terms || '{"delivery_day": "2020-08-21"}'""",
    "UPDATE lot SET expires_on = '2020-01-01'",
)


def test_every_law_that_is_broken_is_found(ledger: Ledger, knowledge: Knowledge) -> None:
    evidence, missed = trade(ledger, knowledge), []
    with connect(ledger.settings) as connection:
        connection.autocommit = False
        for law, plant in zip((*ALWAYS, *CAUGHT_UP.values()), PLANTS, strict=True):
            drop_rules(connection)
            for statement in plant.split("; "):
                connection.execute(statement.encode())
            if not any(_tells_of(law, each) for each in check(connection, evidence)):
                missed.append(law.broken)
            connection.rollback()
        assert check(connection, evidence) == []
    assert missed == []


def test_a_match_that_is_older_than_its_breach_is_held_against_nobody(
    ledger: Ledger, knowledge: Knowledge
) -> None:
    evidence = trade(ledger, knowledge)
    with connect(ledger.settings) as connection:
        connection.autocommit = False
        connection.execute("UPDATE contract SET signature = 'agreed', fulfilment = 'breached'")
        connection.execute("""INSERT INTO step
            SELECT id, 9, jsonb_build_object('kind', 'closed', 'at', now()), 'x' FROM contract""")
        told = [each.sentence for each in check(connection, evidence)]
    assert told, "of signatures and steps that are not there"
    assert [each for each in told if "was breached" in each] == []


def _tells_of(law: Law, violation: Violation) -> bool:
    sentence = re.sub(r"\\\{\d\\\}", ".+", re.escape(law.broken))
    return violation.invariant == law.invariant and re.fullmatch(sentence, violation.sentence) is not None
