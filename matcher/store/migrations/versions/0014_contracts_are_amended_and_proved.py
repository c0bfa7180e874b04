"""Contracts are sent, opened, reminded of and amended; their steps are chained, their documents sealed"""

import hashlib
import json
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0014"
down_revision: str | None = "0010"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

WAITING = "signature IN ('draft', 'sent', 'accepted_by_seller', 'accepted_by_buyer')"
INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    _contracts()
    _amendments()
    _steps()


def _contracts() -> None:
    for column in ("reminded_at", "opened_by_seller_at", "opened_by_buyer_at"):
        op.add_column("contract", sa.Column(column, INSTANT, nullable=True))
    op.add_column("contract", sa.Column("remind_at", INSTANT, nullable=True))
    op.add_column("contract", sa.Column("quantity_g", sa.BigInteger(), nullable=True))
    op.execute("UPDATE contract SET remind_at = drafted_at + (deadline_at - drafted_at) * 0.75")
    op.execute("UPDATE contract c SET quantity_g = m.quantity_g FROM match m WHERE m.id = c.match_id")
    op.alter_column("contract", "remind_at", nullable=False)
    op.alter_column("contract", "quantity_g", nullable=False)
    op.create_check_constraint("quantity_positive", "contract", "quantity_g > 0")
    op.drop_index("contract_waiting", table_name="contract")
    op.create_index("contract_waiting", "contract", ["deadline_at"], postgresql_where=sa.text(WAITING))
    op.create_index(
        "contract_lapsing", "contract", ["remind_at"],
        postgresql_where=sa.text(f"reminded_at IS NULL AND {WAITING}"),
    )  # fmt: skip


def _amendments() -> None:
    op.create_table(
        "amendment",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("contract_id", sa.Uuid(), sa.ForeignKey("contract.id"), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("side", sa.String(), nullable=False),
        sa.Column("state", sa.String(), server_default="open", nullable=False),
        sa.Column("terms", postgresql.JSONB(), nullable=False),
        sa.Column("note", sa.String(), nullable=True),
        sa.Column("signer", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=True),
        sa.Column("authority", sa.String(), nullable=True),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("proposed_at", INSTANT, nullable=False),
        sa.Column("deadline_at", INSTANT, nullable=False),
        sa.Column("settled_at", INSTANT, nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.CheckConstraint("side IN ('seller', 'buyer')", name="side_known"),
        sa.CheckConstraint(
            "state IN ('open', 'accepted', 'declined', 'countered', 'withdrawn', 'lapsed')",
            name="state_known",
        ),
    )
    still_open = sa.text("state = 'open'")
    op.create_index("amendment_open", "amendment", ["contract_id"], unique=True, postgresql_where=still_open)
    op.create_index("amendment_lapsing", "amendment", ["deadline_at"], postgresql_where=still_open)
    op.create_index("amendment_of_contract", "amendment", ["contract_id"])


def _steps() -> None:
    op.create_table(
        "step",
        sa.Column("contract_id", sa.Uuid(), sa.ForeignKey("contract.id"), primary_key=True),
        sa.Column("position", sa.BigInteger(), primary_key=True),
        sa.Column("statement", postgresql.JSONB(), nullable=False),
        sa.Column("hash", sa.String(), nullable=False),
    )
    op.execute(
        """
        CREATE FUNCTION steps_only_grow() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN RAISE EXCEPTION 'a step of a contract is never changed or deleted'; END $$
        """
    )
    op.execute(
        "CREATE TRIGGER steps_only_grow BEFORE UPDATE OR DELETE ON step"
        " FOR EACH ROW EXECUTE FUNCTION steps_only_grow()"
    )
    _begin_the_steps_of_what_is_there()
    op.create_table(
        "seal_key",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("key", postgresql.JSONB(), nullable=False),
        sa.Column("first_used_at", INSTANT, server_default=sa.func.now(), nullable=False),
        sa.Column("retired_at", INSTANT, nullable=True),
    )


def _begin_the_steps_of_what_is_there() -> None:
    """Contracts of before have their draft as first step and, if they have moved on, their state as second."""
    connection = op.get_bind()
    columns = "id, number, version, terms, signature, drafted_at, coalesce(moved_at, drafted_at) AS moved_at"
    for contract in connection.execute(sa.text(f"SELECT {columns} FROM contract")).mappings():  # noqa: S608
        steps = [("drafted", contract["drafted_at"], {"terms": contract["terms"]})]
        if contract["signature"] != "draft":
            steps.append((contract["signature"].partition("_by_")[0], contract["moved_at"], {}))
        previous = None
        for position, (kind, at, data) in enumerate(steps, 1):
            statement: dict[str, Any] = {
                "contract": str(contract["id"]), "number": contract["number"], "position": position,
                "previous": previous, "kind": kind, "by": "service", "version": contract["version"],
                "at": f"{at:%Y-%m-%dT%H:%M:%S.%fZ}", "data": data,
            }  # fmt: skip
            said = json.dumps(statement, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
            previous = hashlib.sha256(said.encode()).hexdigest()
            connection.execute(
                sa.text("INSERT INTO step VALUES (:contract, :position, CAST(:said AS jsonb), :hash)"),
                {"contract": contract["id"], "position": position, "said": said, "hash": previous},
            )
