"""One match between a seller and a buyer, and the contract drafted from it."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, update

from config.settings import Settings
from matcher.contracts.amendments import Proposal, accept_amendment, propose
from matcher.contracts.life import Acceptance, accept, cancel, decline, lapse
from matcher.contracts.moves import open_amendment
from matcher.contracts.terms import terms_hash
from matcher.knowledge import Knowledge
from matcher.store.session import Ledger
from matcher.store.tables import Contract, Event, Party
from matcher.trading.clear import clear
from tests.market import demand, lot, party


class Deal:
    """One match and its contract between a seller and a buyer, who is told by `email` if there is one."""

    def __init__(
        self, ledger: Ledger, knowledge: Knowledge, settings: Settings, email: str | None = None
    ) -> None:
        self.ledger, self.knowledge, self.settings = ledger, knowledge, settings
        with ledger.transaction() as session:
            self.seller = party(session, "producer")
            self.buyer = party(session, "buyer", "Chợ đầu mối", email=email)
            self.operator = party(session, "operator")
            self.lot_id = lot(session, self.seller, knowledge).id
            self.demand_id = demand(session, self.buyer, knowledge, quantity_kg=600).id
        self.clear()
        with ledger.transaction() as session:
            mine = select(Contract.id).where(Contract.seller_id == self.seller.id)
            self.id: UUID = session.scalars(mine).one()

    def clear(self) -> None:
        with self.ledger.transaction() as session:
            clear(session, "custard_apple", self.knowledge, self.settings)

    def accept(self, by: Party, said_hash: str | None = None) -> str:
        with self.ledger.transaction() as session:
            read = terms_hash(session.get_one(Contract, self.id).terms)
            said = Acceptance(signer="Giám đốc", terms_hash=said_hash or read)
            return accept(session, self.id, by, said, "127.0.0.1").signature

    def decline(self, by: Party) -> str:
        with self.ledger.transaction() as session:
            return decline(session, self.id, by, "Giá đã đổi").signature

    def cancel(self, by: Party) -> str:
        with self.ledger.transaction() as session:
            return cancel(session, self.id, by, "Nhập nhầm").signature

    def let_lapse(self) -> int:
        with self.ledger.transaction() as session:
            session.execute(update(Contract).values(deadline_at=func.now() - timedelta(seconds=1)))
        with self.ledger.transaction() as session:
            return lapse(session)

    def read(self, table: Any, identity: UUID | str) -> Any:
        with self.ledger.transaction() as session:
            return session.get_one(table, identity)

    def count(self, table: Any) -> int:
        with self.ledger.transaction() as session:
            return session.scalar(select(func.count()).select_from(table)) or 0

    @property
    def signature(self) -> str:
        return str(self.read(Contract, self.id).signature)

    def kinds(self) -> list[str]:
        with self.ledger.transaction() as session:
            return list(session.scalars(select(Event.kind).order_by(Event.id)))

    def propose(self, by: Party, **other: Any) -> UUID:
        """The id of the amendment that `by` proposes."""
        said = Proposal.model_validate({"signer": "Giám đốc"} | other)
        with self.ledger.transaction() as session:
            contract = propose(session, self.id, by, said, "127.0.0.1", self.knowledge, self.settings)
            amendment = open_amendment(contract)
            assert amendment is not None
            return amendment.id

    def accept_amendment(self, by: Party, amendment_id: UUID, said_hash: str | None = None) -> Contract:
        with self.ledger.transaction() as session:
            contract = session.get_one(Contract, self.id)
            read = next(each.terms for each in contract.amendments if each.id == amendment_id)
            said = Acceptance(signer="Kế toán", terms_hash=said_hash or terms_hash(read))
            return accept_amendment(session, self.id, amendment_id, by, said, "127.0.0.1")
