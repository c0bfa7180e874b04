# ruff: noqa: S608  # the words put into queries are this file's own
"""What must hold in the ledger's rows, each law as a query for whatever breaks it.

Nothing here is the service's: the tables are read by plain SQL, so that a fault of the service can not
hide in code that both share.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Law:
    """`broken` is the sentence about one row of `query`, whose columns are {0}, {1} …"""

    invariant: str
    broken: str
    query: str


_COLUMNS = "id, crop, quantity_g, taken_g, remaining_g, state, quarantine, expires_on, posted_at"
_ORDERS = f"(SELECT 'lot' AS kind, {_COLUMNS} FROM lot UNION ALL SELECT 'demand', {_COLUMNS} FROM demand)"

# Whom each event concerns: both sides of a match or contract; of an order its owner and the operators.
_CONCERNED = """(
    SELECT e.id AS event_id, p.party_id FROM event e LEFT JOIN contract c ON c.id = e.subject_id
    JOIN match m ON m.id = coalesce(c.match_id, e.subject_id)
    CROSS JOIN LATERAL (VALUES (m.seller_id), (m.buyer_id)) p (party_id)
    UNION SELECT e.id, o.party_id FROM event e JOIN (
        SELECT id, party_id FROM lot UNION ALL SELECT id, party_id FROM demand) o ON o.id = e.subject_id
    UNION SELECT e.id, s.party_id FROM event e JOIN frame_side s ON s.frame_id = e.subject_id
    UNION SELECT e.id, p.id FROM event e CROSS JOIN party p
    WHERE e.kind IN ('order.quarantined', 'contact.bounced') AND p.kind = 'operator'
        AND p.created_at < e.occurred_at
    UNION SELECT e.id, c.party_id FROM event e JOIN contact c ON c.id = e.subject_id)"""
# Orders of releases that told their owners nothing are older.
_TOLD_SINCE = """(SELECT coalesce(min(since) - interval '1 min', 'infinity') FROM (
    SELECT occurred_at AS since FROM event WHERE kind = 'order.posted'
    UNION ALL SELECT happened_at FROM order_news WHERE what = 'posted') told)"""
_ADDRESSES = """(
    SELECT party_id, channel, address FROM contact WHERE stopped_at IS NULL AND kinds IS NULL
    UNION ALL SELECT party_id, 'webhook', url FROM endpoint WHERE disabled_at IS NULL AND kinds IS NULL)"""
# Zalo carries what it has templates for.
_ALWAYS_TOLD_AT = """(
    SELECT party_id, channel, address FROM contact WHERE stopped_at IS NULL AND bounced_at IS NULL
        AND channel <> 'zalo' AND kinds IS NULL
    UNION ALL SELECT party_id, 'webhook', url FROM endpoint WHERE disabled_at IS NULL AND kinds IS NULL)"""
# What is told of a contract or an order once that is over.
_OVER = """(
    SELECT c.id, c.match_id FROM event e JOIN contract c ON c.id = e.subject_id
    WHERE e.kind IN ('contract.declined', 'contract.lapsed', 'contract.cancelled', 'contract.agreed',
        'contract.amended', 'contract.amendment_declined', 'contract.amendment_withdrawn',
        'contract.amendment_lapsed')
    UNION ALL SELECT e.subject_id, e.subject_id FROM event e
    WHERE e.kind IN ('order.filled', 'order.reopened', 'order.withdrawn', 'order.expired'))"""

ALWAYS = (
    Law("I1", "{0} {1} says {2} g are taken, its matches take {3} g", f"""
        SELECT o.kind, o.id, o.taken_g, coalesce(m.taken, 0) FROM {_ORDERS} o LEFT JOIN (
            SELECT lot_id AS id, sum(c.quantity_g) AS taken FROM match m
                JOIN contract c ON c.match_id = m.id WHERE released_at IS NULL GROUP BY 1
            UNION ALL SELECT demand_id, sum(c.quantity_g) FROM match m
                JOIN contract c ON c.match_id = m.id WHERE released_at IS NULL GROUP BY 1
        ) m USING (id) WHERE o.taken_g <> coalesce(m.taken, 0)"""),
    Law("I1", "{0} {1}: {2} g taken and {3} g remaining do not make up {4} g", f"""
        SELECT kind, id, taken_g, remaining_g, quantity_g FROM {_ORDERS} o
        WHERE taken_g < 0 OR remaining_g < 0 OR taken_g + remaining_g <> quantity_g"""),
    Law("I1", "{0} {1} is {2} with {3} of {4} g taken", f"""
        SELECT kind, id, state, taken_g, quantity_g FROM {_ORDERS} o
        WHERE (state = 'filled') <> (taken_g = quantity_g)"""),
    Law("I2", "match {0} has {1} contracts", """
        SELECT m.id, count(c.id) FROM match m LEFT JOIN contract c ON c.match_id = m.id
        GROUP BY m.id HAVING count(c.id) <> 1"""),
    Law("I2", "contract {0} has no match", """
        SELECT c.id FROM contract c LEFT JOIN match m ON m.id = c.match_id WHERE m.id IS NULL"""),
    Law("I2", "contract {0} is between other parties than its match {1}", """
        SELECT c.id, m.id FROM contract c JOIN match m ON m.id = c.match_id
        WHERE c.seller_id <> m.seller_id OR c.buyer_id <> m.buyer_id"""),
    Law("I2", "contract {0} is {1}, but its match {2} disagrees on whether it still takes its quantity", """
        SELECT c.id, c.signature, m.id FROM contract c JOIN match m ON m.id = c.match_id
        WHERE (m.released_at IS NOT NULL) <> (c.signature IN ('declined', 'lapsed', 'cancelled'))"""),
    Law("I2", "the numbers of series {0} in {1} have gaps or doubles: {2} contracts, the last is {3}", """
        SELECT series, year, count(*), max(serial) FROM contract GROUP BY series, year
        HAVING min(serial) <> 1 OR max(serial) <> count(*) OR count(DISTINCT serial) <> count(*)
            OR count(DISTINCT number) <> count(*)"""),
    Law("I2", "series {0} in {1} has given {2} numbers to {3} contracts", """
        SELECT s.series, s.year, s.last_serial, count(c.id) FROM contract_series s
        LEFT JOIN (SELECT id, series, year FROM contract UNION ALL SELECT id, series, year FROM frame) c
            USING (series, year) GROUP BY 1, 2, 3 HAVING count(c.id) <> s.last_serial"""),
    Law("I2", "contract {0} is {1} with {2} signatures", """
        SELECT c.id, c.signature, count(s.id) FROM contract c
        LEFT JOIN signature s ON s.contract_id = c.id AND s.version = c.version
        GROUP BY c.id HAVING (c.signature = 'agreed' AND count(s.id) <> 2)
            OR (c.signature LIKE 'accepted%' AND count(s.id) <> 1)
            OR (c.signature IN ('draft', 'sent') AND count(s.id) > 0)"""),
    Law("I2", "no document was asked for of contract {0}", """
        SELECT c.id FROM contract c LEFT JOIN document d ON d.contract_id = c.id
        WHERE d.contract_id IS NULL"""),
    Law("I2", "contract {0} has {1} steps on record, the last is number {2}", """
        SELECT c.id, count(s.position), max(s.position)
        FROM (SELECT id FROM contract UNION ALL SELECT id FROM frame) c
        LEFT JOIN step s ON s.subject_id = c.id GROUP BY c.id
        HAVING count(s.position) = 0 OR min(s.position) <> 1 OR max(s.position) <> count(s.position)"""),
    Law("I2", "{0} has a step {1}, and is no contract", """
        SELECT s.subject_id, s.position FROM step s WHERE NOT EXISTS (
            SELECT FROM contract c WHERE c.id = s.subject_id
            UNION ALL SELECT FROM frame f WHERE f.id = s.subject_id)"""),
    Law("I2", "contract {0}: step {1} does not follow from the one before", """
        SELECT s.subject_id, s.position FROM step s
        LEFT JOIN step b ON b.subject_id = s.subject_id AND b.position = s.position - 1
        WHERE s.statement ->> 'previous' IS DISTINCT FROM b.hash"""),
    Law("I2", "agreement {0} is {1}, and no step says so", """
        SELECT f.id, f.state FROM frame f WHERE f.state <> 'draft' AND NOT EXISTS (
            SELECT FROM step s WHERE s.subject_id = f.id AND s.statement ->> 'kind' = f.state)"""),
    Law("I2", "contract {0} is {1}, and no step says so", """
        SELECT c.id, c.signature FROM contract c WHERE c.signature <> 'draft' AND NOT EXISTS (
            SELECT FROM step s WHERE s.subject_id = c.id AND s.statement ->> 'kind' IN (
                regexp_replace(c.signature, '_by_.*', ''),
                CASE c.signature WHEN 'agreed' THEN 'amended' END))"""),
    Law("I3", "match {0} has {1} events match.made", """
        SELECT m.id, count(e.id) FROM match m
        LEFT JOIN event e ON e.subject_id = m.id AND e.kind = 'match.made'
        GROUP BY m.id HAVING count(e.id) <> 1"""),
    Law("I3", "contract {0} is {1}, and no event tells of it", """
        SELECT c.id, c.signature FROM contract c WHERE c.signature NOT IN ('draft', 'sent') AND NOT EXISTS (
            SELECT FROM event e WHERE e.subject_id = c.id AND e.kind = 'contract.' || regexp_replace(
                c.signature, '_by_.*', ''))"""),
    Law("I3", "agreement {0} is {1}, and no event tells of it", """
        SELECT f.id, f.state FROM frame f WHERE f.state <> 'draft' AND EXISTS (
            SELECT FROM event e WHERE e.subject_id = f.id AND e.kind = 'frame.drafted') AND NOT EXISTS (
            SELECT FROM event e WHERE e.subject_id = f.id AND e.kind = 'frame.' || f.state)"""),
    Law("I3", "the owner of {0} {1} was not told that it was posted, and will not be", f"""
        SELECT o.kind, o.id FROM {_ORDERS} o WHERE posted_at > {_TOLD_SINCE} AND NOT EXISTS (
            SELECT FROM event e WHERE e.subject_id = o.id AND e.kind = 'order.posted')
        AND NOT EXISTS (SELECT FROM order_news w WHERE w.order_id = o.id AND w.what = 'posted')"""),
    Law("I3", "the owner of {0} {1} was not told that it is {2}, and will not be", f"""
        SELECT o.kind, o.id, o.state FROM {_ORDERS} o
        WHERE state <> 'open' AND posted_at > {_TOLD_SINCE} AND NOT EXISTS (
            SELECT FROM event e WHERE e.subject_id = o.id AND e.kind = 'order.' || o.state)
        AND NOT EXISTS (SELECT FROM order_news w WHERE w.order_id = o.id AND w.what = o.state)"""),
    Law("I3", "{0} {1} was set aside, and no event tells of it", f"""
        SELECT o.kind, o.id FROM {_ORDERS} o WHERE quarantine IS NOT NULL AND NOT EXISTS (
            SELECT FROM event e WHERE e.subject_id = o.id AND e.kind = 'order.quarantined')"""),
    Law("I3", "party {1} has {2} notices of event {0}, not one", f"""
        SELECT t.event_id, t.party_id, count(n.id) FROM {_CONCERNED} t
        LEFT JOIN notice n USING (event_id, party_id) GROUP BY 1, 2 HAVING count(n.id) <> 1"""),
    Law("I3", "event {0}, a {1}, was told to nobody", """
        SELECT e.id, e.kind FROM event e WHERE NOT EXISTS (SELECT FROM notice n WHERE n.event_id = e.id)"""),
    Law("I6", "party {1} was told of event {0}, which does not concern it", f"""
        SELECT n.event_id, n.party_id FROM notice n LEFT JOIN {_CONCERNED} t USING (event_id, party_id)
        WHERE t.event_id IS NULL"""),
    Law("I6", "delivery {0} goes to {2}, which is not an address of its party {1}", f"""
        SELECT d.id, n.party_id, d.address FROM delivery d JOIN notice n ON n.id = d.notice_id
        LEFT JOIN {_ADDRESSES} a USING (party_id, channel, address) WHERE a.party_id IS NULL"""),
    Law("I3", "notice {0} has {1} deliveries by {2} to {3}, not one", f"""
        SELECT n.id, count(d.id), a.channel, a.address FROM notice n JOIN {_ALWAYS_TOLD_AT} a USING (party_id)
        JOIN event e ON e.id = n.event_id
            AND (a.channel = 'webhook' OR NOT coalesce((e.data ->> 'by_owner')::boolean, false))
        LEFT JOIN delivery d ON d.notice_id = n.id AND d.channel = a.channel AND d.address = a.address
        GROUP BY 1, 3, 4 HAVING count(d.id) <> 1"""),
    Law("I3", "delivery {0} is {1}, which is neither due, delivered, dead nor withdrawn", """
        SELECT id, state FROM delivery WHERE state NOT IN ('due', 'delivered', 'dead', 'withdrawn')"""),
    Law("I3", "delivery {0} is {1} without an attempt that says so", """
        SELECT d.id, d.state FROM delivery d WHERE d.state IN ('delivered', 'dead') AND NOT EXISTS (
            SELECT FROM attempt a WHERE a.delivery_id = d.id AND a.succeeded = (d.state = 'delivered'))"""),
    # What was handed over to a mail server or a gateway may come back.
    Law("I3", "delivery {0} succeeded and is still {1}", """
        SELECT d.id, d.state FROM delivery d WHERE d.state <> 'delivered' AND EXISTS (
            SELECT FROM attempt a WHERE a.delivery_id = d.id AND a.succeeded AND NOT (
                d.state = 'dead' AND d.channel <> 'webhook' AND EXISTS (SELECT FROM attempt b
                    WHERE b.delivery_id = d.id AND NOT b.succeeded AND b.started_at > a.finished_at)))"""),
    Law("I3", "delivery {0} of event {1}, a {2}, is withdrawn, and nothing has overtaken it", f"""
        SELECT d.id, e.id, e.kind FROM delivery d JOIN notice n ON n.id = d.notice_id
        JOIN event e ON e.id = n.event_id WHERE d.state = 'withdrawn' AND NOT EXISTS (
            SELECT FROM {_OVER} o WHERE e.subject_id IN (o.id, o.match_id))"""),
    Law("I5", "match {0}: its crop {1}, its lot's {2} and its demand's {3} differ", """
        SELECT m.id, m.crop, l.crop, d.crop FROM match m JOIN lot l ON l.id = m.lot_id
        JOIN demand d ON d.id = m.demand_id WHERE l.crop <> m.crop OR d.crop <> m.crop"""),
    Law("I5", "match {0} is of a party with itself, or not between the owners of its orders", """
        SELECT m.id FROM match m JOIN lot l ON l.id = m.lot_id JOIN demand d ON d.id = m.demand_id
        WHERE m.seller_id = m.buyer_id OR l.party_id <> m.seller_id OR d.party_id <> m.buyer_id"""),
    Law("I5", "match {0}: {1} đ/kg is not between the ask {2} and the bid {3} less transport {4}", """
        SELECT id, price, ask, bid, transport FROM match WHERE price < ask OR price + transport > bid"""),
    Law("I5", "match {0} is to arrive on {1}, not between {2} and {3}", """
        SELECT m.id, m.delivery_day, d.deliver_from, d.deliver_until FROM match m
        JOIN demand d ON d.id = m.demand_id
        WHERE m.delivery_day NOT BETWEEN d.deliver_from AND d.deliver_until"""),
    Law("I5", "match {0} is picked on {1}, leaves on {2}, arrives on {3}: out of order", """
        SELECT m.id, m.pick_day, m.leave_day, m.delivery_day FROM match m JOIN lot l ON l.id = m.lot_id
        WHERE m.pick_day NOT BETWEEN l.harvest_from AND l.harvest_until OR m.leave_day < m.pick_day
           OR m.delivery_day < m.leave_day"""),
    Law("I5", "match {0} goes {1} m, its demand allows {2} m", """
        SELECT m.id, m.distance_m, d.max_distance_m FROM match m JOIN demand d ON d.id = m.demand_id
        WHERE m.distance_m > d.max_distance_m"""),
    Law("I5", "match {0} is of variety {1}, wanted are {2}", """
        SELECT m.id, l.variety, d.varieties FROM match m JOIN lot l ON l.id = m.lot_id
        JOIN demand d ON d.id = m.demand_id
        WHERE cardinality(d.varieties) > 0 AND (l.variety = ANY (d.varieties)) IS NOT TRUE"""),
    Law("I5", "match {0} lacks a certificate {1} valid on {2}", """
        SELECT m.id, needed, m.delivery_day FROM match m JOIN lot l ON l.id = m.lot_id
        JOIN demand d ON d.id = m.demand_id CROSS JOIN unnest(d.certificates_required) needed
        WHERE NOT EXISTS (SELECT FROM jsonb_array_elements(l.certificates) c WHERE c->>'scheme' = needed
            AND m.delivery_day BETWEEN (c->>'valid_from')::date AND (c->>'valid_until')::date)"""),
    # A clearing may go before a refusal that waits for its locks: what counts is when that was committed.
    Law("I5", "match {0} pairs lot {1} with demand {2} again, although it was declined or lapsed", """
        SELECT m.id, m.lot_id, m.demand_id FROM match m JOIN clearing g ON g.id = m.clearing_id
        JOIN match b USING (lot_id, demand_id)
        JOIN contract c ON c.match_id = b.id AND c.signature IN ('declined', 'lapsed')
        WHERE g.started_at > CASE WHEN current_setting('track_commit_timestamp') = 'on'
            THEN pg_xact_commit_timestamp(b.xmin) ELSE b.released_at END"""),
    # Withdrawn, a closing leaves no breach. The step is written once, the contract changes after it.
    Law("I5", "match {0} pairs lot {1} with demand {2} again, although contract {3} was breached", """
        SELECT m.id, m.lot_id, m.demand_id, c.id FROM match m JOIN clearing g ON g.id = m.clearing_id
        JOIN match b USING (lot_id, demand_id)
        JOIN contract c ON c.match_id = b.id AND c.fulfilment = 'breached'
        CROSS JOIN LATERAL (SELECT s.xmin AS written_by, (s.statement ->> 'at')::timestamptz AS at FROM step s
            WHERE s.subject_id = c.id AND s.statement ->> 'kind' = 'closed'
            ORDER BY s.position DESC LIMIT 1) closed
        WHERE g.started_at > CASE WHEN current_setting('track_commit_timestamp') = 'on'
            THEN pg_xact_commit_timestamp(closed.written_by) ELSE closed.at END"""),
)  # fmt: skip

# Once nothing more is to come, by kind of work.
CAUGHT_UP = {
    "books to clear": Law("caught up", "the book of {0} has changed and was not cleared",
        "SELECT crop FROM book WHERE version > cleared_version"),
    "books to freeze": Law("caught up", "the book of {0} has matches to freeze since {1}",
        "SELECT crop, freeze_at FROM book WHERE freeze_at <= now()"),
    "orders no clearing has seen": Law("caught up", "{0} {1} has changed since its book was last cleared", """
        SELECT o.kind, o.id FROM (
            SELECT 'lot' AS kind, id, crop, state, changed_at, xmin FROM lot
            UNION ALL SELECT 'demand', id, crop, state, changed_at, xmin FROM demand) o
        JOIN book b USING (crop) WHERE o.state = 'open' AND CASE
            WHEN current_setting('track_commit_timestamp') = 'on'
            THEN pg_xact_commit_timestamp(o.xmin) > pg_xact_commit_timestamp(b.xmin)
            ELSE o.changed_at > coalesce(b.cleared_at, '-infinity') END"""),
    "orders in no book": Law("caught up", "{0} {1} of {2} is open in no book", f"""
        SELECT kind, id, crop FROM {_ORDERS} o
        WHERE state = 'open' AND crop NOT IN (SELECT crop FROM book)"""),
    "orders set aside": Law("caught up", "{0} {1} was set aside: {2}",
        f"SELECT kind, id, quarantine FROM {_ORDERS} o WHERE quarantine IS NOT NULL"),
    "owners to tell": Law("caught up", "the owner of order {0} has yet to be told that it was {1}",
        "SELECT order_id, what FROM order_news WHERE due_at <= now()"),
    "deliveries due": Law("caught up", "delivery {0} is due since {1}",
        "SELECT id, due_at FROM delivery WHERE state = 'due' AND due_at <= now()"),
    "deliveries never tried": Law("caught up", "delivery {0} was never tried", """
        SELECT d.id FROM delivery d WHERE d.state = 'due' AND NOT EXISTS (
            SELECT FROM attempt a WHERE a.delivery_id = d.id)"""),
    "documents to render": Law("caught up", "the document of contract {0} is not rendered",
        "SELECT contract_id FROM document WHERE rendered_at IS NULL"),
    "contracts to lapse": Law("caught up", "contract {0} is {1} past its deadline", """
        SELECT id, signature FROM contract WHERE deadline_at <= now()
        AND signature IN ('draft', 'sent', 'accepted_by_seller', 'accepted_by_buyer')"""),
    "contracts to remind of": Law("caught up", "nobody was told that contract {0} lapses at {1}", """
        SELECT id, deadline_at FROM contract WHERE reminded_at IS NULL AND remind_at <= now()
        AND deadline_at > now()
        AND signature IN ('draft', 'sent', 'accepted_by_seller', 'accepted_by_buyer')"""),
    "amendments to lapse": Law("caught up", "amendment {0} is open past its deadline", """
        SELECT a.id FROM amendment a JOIN contract c ON c.id = a.contract_id
        WHERE a.state = 'open' AND a.deadline_at <= now() AND c.signature = 'agreed'"""),
    "contracts to close": Law("caught up", "contract {0}, to be delivered on {1}, is not closed", """
        SELECT id, terms ->> 'delivery_day' FROM contract WHERE fulfilment = 'partly_delivered'
        AND (terms ->> 'delivery_day')::date + 2 < (now() AT TIME ZONE 'Asia/Ho_Chi_Minh')::date"""),
    "orders to expire": Law("caught up", "{0} {1} is open past its last day {2}", f"""
        SELECT kind, id, expires_on FROM {_ORDERS} o
        WHERE state = 'open' AND expires_on < (now() AT TIME ZONE 'Asia/Ho_Chi_Minh')::date"""),
}  # fmt: skip
