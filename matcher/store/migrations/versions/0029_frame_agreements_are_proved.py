"""The steps of frame agreements and memoranda are chained as those of contracts are"""

import hashlib
import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from alembic import op

revision: str = "0029"
down_revision: str | None = "0028"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    op.drop_constraint("step_contract_id_fkey", "step")
    op.alter_column("step", "contract_id", new_column_name="subject_id")
    # Since PostgreSQL 18 what may not be null has a name as well.
    op.execute(
        """
        DO $$ BEGIN
            ALTER TABLE step RENAME CONSTRAINT step_contract_id_not_null TO step_subject_id_not_null;
        EXCEPTION WHEN undefined_object THEN NULL; END $$
        """
    )
    _begin_the_steps_of_what_is_there()


def _begin_the_steps_of_what_is_there() -> None:
    connection = op.get_bind()
    for frame in connection.execute(sa.text("SELECT * FROM frame")).mappings().all():
        previous = None
        for position, (kind, at, by, data) in enumerate(_told_by_its_rows(connection, frame), 1):
            statement: dict[str, Any] = {
                "contract": str(frame["id"]), "number": frame["number"], "position": position,
                "previous": previous, "kind": kind, "by": by, "version": 1,
                "at": f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ}", "data": data,
            }  # fmt: skip
            said = json.dumps(statement, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
            previous = hashlib.sha256(said.encode()).hexdigest()
            connection.execute(
                sa.text("INSERT INTO step VALUES (:frame, :position, CAST(:said AS jsonb), :hash)"),
                {"frame": frame["id"], "position": position, "said": said, "hash": previous},
            )


def _told_by_its_rows(
    connection: sa.Connection, frame: sa.RowMapping
) -> Iterator[tuple[str, datetime, str, dict[str, Any]]]:
    """Drafted, signed by each, and left; what was called is in the contracts it made."""
    yield "drafted", frame["drafted_at"], "service", {"terms": frame["terms"]}
    query = "SELECT * FROM frame_side WHERE frame_id = :id ORDER BY signed_at"
    sides = connection.execute(sa.text(query), {"id": frame["id"]}).mappings().all()
    signed = [side for side in sides if side["signed_at"]]
    for number, side in enumerate(signed, 1):
        kept = ("signer", "role", "authority", "address", "terms_hash")
        kind = "agreed" if number == len(sides) else "signed"
        yield kind, side["signed_at"], str(side["party_id"]), {name: side[name] for name in kept}
    if frame["left_at"]:
        yield frame["state"], frame["left_at"], str(frame["left_by"]), {"reason": frame["reason"]}
