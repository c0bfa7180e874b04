"""A frame agreement between a producer and a buyer, and what both may do with it."""

from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from config.settings import Settings
from matcher.clock import now
from matcher.contracts.amendments import Proposal, accept_amendment, propose
from matcher.contracts.closing import Closing, close
from matcher.contracts.fulfilment import record_delivery
from matcher.contracts.life import Acceptance, Reason, accept
from matcher.contracts.mistakes import withdraw_closing, withdraw_delivery
from matcher.contracts.moves import open_amendment
from matcher.contracts.steps import digest
from matcher.contracts.terms import terms_hash
from matcher.contracts.tickets import DeliveryPost
from matcher.frames.call import CallPost, call
from matcher.frames.life import post_frame, sign
from matcher.frames.terms import FramePost
from matcher.frames.view import FrameView, frame_view
from matcher.knowledge import Knowledge
from matcher.store.session import Ledger
from matcher.store.tables import Contract, Frame, Party
from matcher.trading.clear import clear
from tests.market import CHI_LANG, HA_NOI, day, party


class Season:
    """A producer and a buyer with a frame agreement over ten tonnes."""

    def __init__(self, ledger: Ledger, knowledge: Knowledge, settings: Settings) -> None:
        self.ledger, self.knowledge, self.settings = ledger, knowledge, settings
        with ledger.transaction() as session:
            self.seller, self.buyer = party(session, "producer"), party(session, "buyer", "Chợ đầu mối")
            self.operator, self.stranger = party(session, "operator"), party(session, "buyer")
        self.id = self.post(self.buyer, [self.seller, self.buyer])

    def post(
        self,
        by: Party,
        sides: list[Party],
        kind: str = "frame",
        said: dict[str, Any] | None = None,
        **other: Any,
    ) -> UUID:
        goods = {
            "crop": "custard_apple", "grade": "grade_1", "quantity_kg": {"amount": 10, "unit": "tấn"},
            "price": 30_000, "from_day": day(0), "until_day": day(60), "origin": CHI_LANG,
            "destination": HA_NOI,
        }  # fmt: skip
        whole = {"kind": kind, "parties": [str(side.id) for side in sides], "goods": goods | other}
        with self.ledger.transaction() as session:
            post = FramePost.model_validate(whole | (said or {}))
            return post_frame(session, by, post, self.knowledge, self.settings).id

    def sign(self, by: Party, frame_id: UUID | None = None) -> str:
        with self.ledger.transaction() as session:
            frame = session.get_one(Frame, frame_id or self.id)
            said = Acceptance(signer="Giám đốc", terms_hash=digest(frame.terms))
            return sign(session, frame.id, by, said, "127.0.0.1").state

    def call(self, quantity_kg: float, by: Party | None = None, first: int = 0, last: int = 3) -> UUID:
        said = {"quantity_kg": quantity_kg, "deliver_from": day(first), "deliver_until": day(last)}
        post = CallPost.model_validate(said)
        with self.ledger.transaction() as session:
            return call(session, self.id, by or self.buyer, post, self.knowledge, self.settings).id

    def read(self) -> FrameView:
        with self.ledger.transaction() as session:
            return frame_view(session, session.get_one(Frame, self.id), self.buyer)

    def accept(self, contract_id: UUID) -> None:
        """For both sides."""
        for side in (self.seller, self.buyer):
            with self.ledger.transaction() as session:
                read = terms_hash(session.get_one(Contract, contract_id).terms)
                accept(
                    session, contract_id, side, Acceptance(signer="Giám đốc", terms_hash=read), "127.0.0.1"
                )

    def clear(self) -> None:
        with self.ledger.transaction() as session:
            clear(session, "custard_apple", self.knowledge, self.settings)

    def propose(self, contract_id: UUID, quantity_kg: float) -> None:
        """The buyer proposes to amend the contract to so much."""
        said = Proposal.model_validate({"signer": "Giám đốc", "quantity_kg": quantity_kg})
        with self.ledger.transaction() as session:
            propose(session, contract_id, self.buyer, said, "127.0.0.1", self.knowledge, self.settings)

    def accept_amendment(self, contract_id: UUID) -> None:
        """The seller accepts what is proposed."""
        with self.ledger.transaction() as session:
            self.answer(session, contract_id)

    def answer(self, session: Session, contract_id: UUID) -> None:
        amendment = open_amendment(session.get_one(Contract, contract_id))
        assert amendment is not None
        said = Acceptance(signer="Kế toán", terms_hash=terms_hash(amendment.terms))
        accept_amendment(session, contract_id, amendment.id, self.seller, said, "127.0.0.1")

    def amend(self, contract_id: UUID, quantity_kg: float) -> None:
        self.propose(contract_id, quantity_kg)
        self.accept_amendment(contract_id)

    def stands(self) -> tuple[str, str]:
        """What is called and what remains, in kg."""
        seen = self.read()
        return str(seen.called_kg), str(seen.remaining_kg)

    def weigh(self, contract_id: UUID, net_kg: int) -> None:
        """The buyer records a weigh ticket."""
        said = {"ticket_number": "PC-17", "delivered_at": now(), "gross_kg": net_kg + 50, "tare_kg": 50}
        with self.ledger.transaction() as session:
            post = DeliveryPost.model_validate(said)
            record_delivery(session, contract_id, self.buyer, post, self.knowledge)

    def close(self, contract_id: UUID) -> str:
        """The seller says that nothing more comes."""
        with self.ledger.transaction() as session:
            said = Closing(reason="Hết hàng")
            return close(session, contract_id, self.seller, said).fulfilment

    def withdraw_ticket(self, contract_id: UUID) -> str:
        """An operator withdraws it."""
        with self.ledger.transaction() as session:
            said = Reason(reason="Nhầm xe")
            return withdraw_delivery(session, contract_id, 1, self.operator, said).fulfilment

    def withdraw_closing(self, contract_id: UUID) -> str:
        """An operator opens the deliveries again."""
        with self.ledger.transaction() as session:
            said = Reason(reason="Hàng vẫn đến")
            return withdraw_closing(session, contract_id, self.operator, said).fulfilment
