"""What the load and the receivers saw is held against the ledger: each way to be wrong is found."""

import json
from collections.abc import Callable
from dataclasses import replace

import pytest

from chaos.checker import check
from chaos.evidence import Answer, Evidence, Hook
from matcher.knowledge import Knowledge
from matcher.store.session import Ledger
from tests.chaos.sound import connect, drop_rules, trade

Change = Callable[[Evidence], None]


def test_a_ledger_in_which_all_is_well_has_no_violation(ledger: Ledger, knowledge: Knowledge) -> None:
    evidence = trade(ledger, knowledge)
    with connect(ledger.settings) as connection:
        assert check(connection, evidence) == []


def amended(evidence: Evidence, key: str = "other", **said: object) -> None:
    """Adds the answer to an amendment of the first lot."""
    first = evidence.answers[0]
    body = json.loads(first.body) | {"version": 2} | said
    path = f"{first.path}/{body['id']}"
    evidence.answers.append(Answer(key, first.party, "PATCH", path, 200, json.dumps(body).encode()))


def forget_a_post(evidence: Evidence) -> None:
    evidence.answers = evidence.answers[2:]


def answer_otherwise(evidence: Evidence) -> None:
    evidence.answers[1] = replace(evidence.answers[0], body=evidence.answers[0].body + b" ")


def make_twice(evidence: Evidence) -> None:
    evidence.answers[2] = evidence.answers[3] = replace(evidence.answers[2], key="key-0")


def lose_an_amendment(evidence: Evidence) -> None:
    amended(evidence, ask=1)


def accept_a_version_twice(evidence: Evidence) -> None:
    amended(evidence)
    amended(evidence, "another")


def undo_a_withdrawal(evidence: Evidence) -> None:
    amended(evidence, state="withdrawn")


def lose_a_webhook(evidence: Evidence) -> None:
    evidence.hooks.pop()


def lose_a_mail(evidence: Evidence) -> None:
    evidence.mails.pop()


def mail_another(evidence: Evidence) -> None:
    evidence.mails[0] = replace(evidence.mails[0], address="a-stranger@example.vn")


def change_a_body(evidence: Evidence) -> None:
    evidence.hooks.append(replace(evidence.hooks[0], body=evidence.hooks[0].body + b" "))


def invent_a_notice(evidence: Evidence) -> None:
    evidence.hooks.append(Hook(evidence.hooks[0].address, "made up", b'{"id": "made up"}'))


def name_another_notice(evidence: Evidence) -> None:
    evidence.hooks[0] = replace(evidence.hooks[0], body=b'{"id": "another"}')


def show_anothers_lot(evidence: Evidence) -> None:
    mine, other = evidence.answers[0], evidence.answers[2]
    page = b'{"items": [' + mine.body + b"]}"
    evidence.answers.append(Answer("", other.party, "GET", "/v1/lots", 200, page))


def tell_another(evidence: Evidence) -> None:
    first, last = evidence.hooks[0], evidence.hooks[-1]
    evidence.hooks.append(replace(first, address=last.address))


@pytest.mark.parametrize(
    ("change", "invariant", "words"),
    [
        (forget_a_post, "I4", "no post was answered with it"),
        (answer_otherwise, "I4", "two different answers"),
        (make_twice, "I4", "made 2 orders"),
        (lose_an_amendment, "I4", "was last answered"),
        (accept_a_version_twice, "I4", "version 2 twice"),
        (undo_a_withdrawal, "I4", "was withdrawn and is"),
        (lose_a_webhook, "I3", "never arrived"),
        (lose_a_mail, "I3", "never arrived"),
        (change_a_body, "I3", "different bodies"),
        (invent_a_notice, "I3", "knows nothing"),
        (name_another_notice, "I3", "another id in its body"),
        (show_anothers_lot, "I6", "was shown"),
        (tell_another, "I6", "another's address"),
        (mail_another, "I6", "went to another"),
    ],
)
def test_what_was_seen_outside_and_is_wrong_is_found(
    change: Change, invariant: str, words: str, ledger: Ledger, knowledge: Knowledge
) -> None:
    evidence = trade(ledger, knowledge)
    change(evidence)
    with connect(ledger.settings) as connection:
        found = check(connection, evidence)
    assert any(each.invariant == invariant and words in each.sentence for each in found)


@pytest.mark.parametrize(
    ("plant", "invariant", "words"),
    [
        ("DELETE FROM lot WHERE taken_g = 0", "I4", "is not in the ledger"),
        ("UPDATE clearing SET result = NULL", "I5", "no stored input or result"),
        ("UPDATE match SET quantity_g = quantity_g - 1", "I5", "not those of its stored result"),
        ("DELETE FROM match", "I5", "found matches that were never made"),
    ],
)
def test_rows_that_contradict_what_was_answered_or_stored_are_found(
    plant: str, invariant: str, words: str, ledger: Ledger, knowledge: Knowledge
) -> None:
    evidence = trade(ledger, knowledge)
    with connect(ledger.settings) as connection:
        drop_rules(connection)
        connection.execute(plant.encode())
        found = check(connection, evidence)
    assert any(each.invariant == invariant and words in each.sentence for each in found)
