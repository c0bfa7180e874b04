"""What the load and the receivers saw, held against the rows: I3, I4 and I6 as a user would judge them."""

import json
from collections import defaultdict
from typing import Any

from chaos.evidence import Answer, Evidence
from chaos.violations import Connection, Violation, rows


def _table(path: str) -> str:
    return "lot" if path.startswith("/v1/lots") else "demand"


def posts(connection: Connection, evidence: Evidence) -> list[Violation]:
    """I4: what was answered 201 is there once, and what is there was answered 201."""
    found, ids_of_key, first = [], defaultdict(set), dict[str, Answer]()
    for answer in evidence.answers:
        if not answer.key or not 200 <= answer.status < 300:
            continue
        if first.setdefault(answer.key, answer).body != answer.body:
            found.append(Violation("I4", f"key {answer.key} got two different answers"))
        if answer.status == 201:
            ids_of_key[answer.key].add((_table(answer.path), json.loads(answer.body)["id"], answer.party))
    accepted = {order for orders in ids_of_key.values() for order in orders}
    found += [
        Violation("I4", f"key {key} made {len(orders)} orders: {sorted(orders)}")
        for key, orders in ids_of_key.items()
        if len(orders) > 1
    ]
    stored = {
        ("lot" if is_lot else "demand", str(order_id), str(party))
        for is_lot, order_id, party in rows(
            connection, "SELECT true, id, party_id FROM lot UNION ALL SELECT false, id, party_id FROM demand"
        )
    }
    found += [
        Violation("I4", f"{table} {order_id} of party {party} was answered 201 and is not in the ledger")
        for table, order_id, party in sorted(accepted - stored)
    ]
    # A post that never had an answer may have been made, once.
    surplus = sorted(stored - accepted)
    if len(surplus) > len(evidence.unanswered):
        found += [
            Violation("I4", f"{table} {order_id} is in the ledger, and no post was answered with it")
            for table, order_id, _ in surplus
        ]
    return found


def amendments(connection: Connection, evidence: Evidence) -> list[Violation]:
    """I4: the newest of an order's accepted versions is what it says, and no version was accepted twice."""
    found, newest, makers = [], dict[str, dict[str, Any]](), dict[tuple[str, int], str]()
    for answer in evidence.answers:
        if (
            not answer.key
            or answer.status not in (200, 201)
            or not answer.path.startswith(("/v1/lots", "/v1/demands"))
        ):
            continue
        said = json.loads(answer.body) | {"table": _table(answer.path)}
        made = (said["id"], said["version"])
        if makers.setdefault(made, answer.key) != answer.key:
            found.append(Violation("I4", f"{said['table']} {made[0]} was given version {made[1]} twice"))
        if said["version"] >= newest.get(said["id"], said)["version"]:
            newest[said["id"]] = said
    stored = {
        str(order_id): (price, quantity_g, version, state)
        for order_id, price, quantity_g, version, state in rows(
            connection,
            "SELECT id, ask, quantity_g, version, state FROM lot "
            "UNION ALL SELECT id, bid, quantity_g, version, state FROM demand",
        )
    }
    for order_id, said in newest.items():
        if order_id not in stored or evidence.unanswered:
            continue  # the first is told of elsewhere; a change without an answer may have come after it
        price, quantity_g, version, state = stored[order_id]
        told = said.get("ask", said.get("bid")), round(float(said["quantity_kg"]) * 1000)
        if told != (price, quantity_g) or version < said["version"]:
            found.append(
                Violation(
                    "I4", f"{said['table']} {order_id} was last answered {told}, it says {price, quantity_g}"
                )
            )
        if said["state"] == "withdrawn" != state:
            found.append(Violation("I4", f"{said['table']} {order_id} was withdrawn and is {state}"))
    return found


def deliveries(connection: Connection, evidence: Evidence) -> list[Violation]:
    """I3: what the ledger says was delivered did arrive, always with the same body."""
    found, bodies = [], defaultdict(set)
    for hook in evidence.hooks:
        bodies[hook.address, hook.notice].add(hook.body)
    found += [
        Violation("I3", f"notice {notice} came to {address} with {len(each)} different bodies")
        for (address, notice), each in bodies.items()
        if len(each) > 1
    ]
    known = set()
    mails = {mail.delivery: mail.address for mail in evidence.mails}
    for delivery, notice, channel, address, state, mail in rows(
        connection, "SELECT id, notice_id, channel, address, state, coalesce(mail_id, id) FROM delivery"
    ):
        known.add((address, str(notice)))
        if channel == "email" and mails.get(str(mail), address) != address:
            found.append(Violation("I6", f"the mail of delivery {delivery} went to another than {address}"))
        # Of what a gateway was given, only the gateway could tell.
        if state != "delivered" or channel not in ("webhook", "email"):
            continue
        arrived = (address, str(notice)) in bodies if channel == "webhook" else str(mail) in mails
        if not arrived:
            found.append(Violation("I3", f"delivery {delivery} to {address} is delivered and never arrived"))
    found += [
        Violation("I3", f"{address} was sent notice {notice}, of which the ledger knows nothing")
        for address, notice in sorted(bodies.keys() - known)
    ]
    for (address, notice), each in bodies.items():
        if any(json.loads(body).get("id") != notice for body in each):
            found.append(Violation("I3", f"notice {notice} came to {address} with another id in its body"))
    return found


def privacy(connection: Connection, evidence: Evidence) -> list[Violation]:
    """I6: every row in an answer is its reader's own, and every webhook went to the notice's party."""
    owners = {
        str(row[0]): {str(party) for party in row[1:]}
        for query in (
            "SELECT id, party_id FROM lot", "SELECT id, party_id FROM demand",
            "SELECT id, party_id FROM notice",
            "SELECT id, seller_id, buyer_id FROM match", "SELECT id, seller_id, buyer_id FROM contract",
        )
        for row in rows(connection, query)
    }  # fmt: skip
    found = []
    for answer in evidence.answers:
        if not 200 <= answer.status < 300:
            continue
        said = json.loads(answer.body)
        for item in said.get("items", [said]):
            if answer.party not in owners.get(item["id"], {answer.party}):
                words = f"party {answer.party} was shown {item['id']} of {sorted(owners[item['id']])}"
                found.append(Violation("I6", f"{words} at {answer.method} {answer.path}"))
    homes = defaultdict(set)
    for url, party in rows(connection, "SELECT url, party_id FROM endpoint"):
        homes[url].add(str(party))
    for hook in evidence.hooks:
        if not owners.get(hook.notice, set()) <= homes[hook.address]:
            found.append(Violation("I6", f"notice {hook.notice} went to {hook.address}, another's address"))
    return found
