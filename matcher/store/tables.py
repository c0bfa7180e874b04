"""The ledger: every table, and the rules the database itself enforces.

Quantities are grams (`*_g`), money is whole đồng, per kg where it is a price; distances are metres.
Instants are timestamptz, days are dates in Việt Nam. Ids are UUIDv7, so they sort by creation.
"""

import secrets
from datetime import date, datetime, time
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Computed,
    DateTime,
    ForeignKey,
    Index,
    LargeBinary,
    Numeric,
    String,
    UniqueConstraint,
    false,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

from matcher.store.identifiers import uuid7

Json = dict[str, Any]


class Base(DeclarativeBase):
    type_annotation_map = {  # noqa: RUF012  # SQLAlchemy's own name, read once
        int: BigInteger,
        datetime: DateTime(timezone=True),
        Json: JSONB,
        list[Json]: JSONB,
        list[str]: ARRAY(String),
    }


def one_of(column: str, *values: str) -> CheckConstraint:
    """A check that `column` holds one of `values`."""
    listed = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} IN ({listed})", name=f"{column}_known")


class Identified:
    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)


class Party(Identified, Base):
    __tablename__ = "party"
    __table_args__ = (one_of("kind", "producer", "buyer", "operator"), one_of("language", "vi", "en"))

    kind: Mapped[str]
    name: Mapped[str]
    language: Mapped[str] = mapped_column(server_default="vi")
    email: Mapped[str | None]
    phone: Mapped[str | None]
    address: Mapped[str | None]
    tax_code: Mapped[str | None]
    representative: Mapped[str | None]
    position: Mapped[str | None]
    authority: Mapped[str | None]
    bank_account: Mapped[str | None]
    bank: Mapped[str | None]
    growing_area_code: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class ApiKey(Identified, Base):
    __tablename__ = "api_key"

    party_id: Mapped[UUID] = mapped_column(ForeignKey("party.id"), index=True)
    digest: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    label: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    revoked_at: Mapped[datetime | None]


class Endpoint(Identified, Base):
    """Where a party's webhooks go; `secret` signs them (Standard Webhooks, `whsec_` and base64).

    `signing_key` signs them too (`whsk_`, Ed25519). `kinds` are the events it wants, null for all, and
    `per_minute` how many at most. `failing_since` is null while attempts succeed; `failures` were in a row,
    and nothing is sent before `rests_until`.
    """

    __tablename__ = "endpoint"
    __table_args__ = (
        UniqueConstraint("party_id", "url"),
        one_of("disabled_reason", "owner", "gone", "failing"),
        CheckConstraint("(disabled_at IS NULL) = (disabled_reason IS NULL)", name="disabled_for_a_reason"),
        Index("endpoint_gate", "rests_until", postgresql_where=text("per_minute IS NOT NULL")),
    )

    party_id: Mapped[UUID] = mapped_column(ForeignKey("party.id"), index=True)
    url: Mapped[str]
    secret: Mapped[str]
    signing_key: Mapped[str]
    former_secret: Mapped[str | None]
    former_signing_key: Mapped[str | None]
    former_secret_until: Mapped[datetime | None]
    kinds: Mapped[list[str] | None]
    per_minute: Mapped[int | None]
    failing_since: Mapped[datetime | None]
    failures: Mapped[int] = mapped_column(server_default="0")
    rests_until: Mapped[datetime | None]
    disabled_at: Mapped[datetime | None]
    disabled_reason: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Contact(Identified, Base):
    """Where a person of a party is told; times of day are those of Việt Nam.

    `kinds` are the events wanted, null for all but the party's own acts, as far as the channel can carry
    them. With `digest_at` one mail a day, but for the kinds `at_once`.
    `token` stands in the link that stops its mails, at `stopped_at`. `bounce` is what was answered when it
    was found that nothing arrives there, at `bounced_at`; then nothing more is sent there.
    """

    __tablename__ = "contact"
    __table_args__ = (
        UniqueConstraint("party_id", "channel", "address"),
        one_of("channel", "email", "sms", "zalo"),
        one_of("language", "vi", "en"),
        CheckConstraint("(quiet_from IS NULL) = (quiet_until IS NULL)", name="quiet_has_both_ends"),
    )

    party_id: Mapped[UUID] = mapped_column(ForeignKey("party.id"))
    channel: Mapped[str]
    address: Mapped[str]
    name: Mapped[str | None]
    language: Mapped[str | None]
    kinds: Mapped[list[str] | None]
    quiet_from: Mapped[time | None]
    quiet_until: Mapped[time | None]
    digest_at: Mapped[time | None]
    at_once: Mapped[list[str] | None]
    token: Mapped[str] = mapped_column(unique=True)
    stopped_at: Mapped[datetime | None]
    bounced_at: Mapped[datetime | None]
    bounce: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    party: Mapped[Party] = relationship()


class Book(Base):
    """All open orders of one crop: `version` counts changes, `cleared_version` the last one cleared.

    `clearing_id` is the last clearing; `freeze_at` is when the first of the tentative matches becomes a
    match, null where there is none.
    `ran_out_at` is when a clearing of it last took longer than it may; `stands` says that it is kept solved.
    """

    __tablename__ = "book"
    __table_args__ = (
        CheckConstraint("cleared_version <= version", name="cleared_not_ahead"),
        Index("book_due", "changed_at", postgresql_where=text("version > cleared_version")),
        Index("book_freezing", "freeze_at"),
    )

    crop: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(server_default="0")
    cleared_version: Mapped[int] = mapped_column(server_default="0")
    changed_at: Mapped[datetime] = mapped_column(server_default=func.now())
    cleared_at: Mapped[datetime | None]
    clearing_id: Mapped[UUID | None]
    freeze_at: Mapped[datetime | None]
    rung_at: Mapped[datetime | None]
    ran_out_at: Mapped[datetime | None]
    stands: Mapped[bool] = mapped_column(server_default=false())


class Order(Identified):
    """What a lot and a demand have in common.

    `ranked_at` is what counts in ties: when it was posted, or earlier by its owner's track record.
    `changed_in` is the version of its book that its last change made; what a clearing takes is none.
    Whoever has `page_key`, which can not be guessed, may read its page.
    `called`: a part called of a frame agreement, its contract's alone and no order of the market.
    `quarantine` says why the clearing passes the order over, if it does: since when and on which error of
    ours, with its traceback, is told to operators.
    """

    crop: Mapped[str]
    quantity_g: Mapped[int]
    taken_g: Mapped[int] = mapped_column(server_default="0")
    remaining_g: Mapped[int] = mapped_column(Computed("quantity_g - taken_g", persisted=True))
    min_take_g: Mapped[int] = mapped_column(server_default="0")
    place_name: Mapped[str]
    place_code: Mapped[str | None]
    place_vintage: Mapped[str | None]
    latitude: Mapped[float]
    longitude: Mapped[float]
    state: Mapped[str] = mapped_column(server_default="open")
    called: Mapped[bool] = mapped_column(server_default=false())
    quarantine: Mapped[str | None]
    quarantined_at: Mapped[datetime | None]
    quarantine_traceback: Mapped[str | None]
    version: Mapped[int] = mapped_column(server_default="1")
    posted_at: Mapped[datetime] = mapped_column(server_default=func.now())
    ranked_at: Mapped[datetime] = mapped_column(server_default=func.now())
    changed_at: Mapped[datetime] = mapped_column(server_default=func.now())
    changed_in: Mapped[int] = mapped_column(server_default="0")
    decide_by: Mapped[datetime | None]
    expires_on: Mapped[date]
    page_key: Mapped[str] = mapped_column(unique=True, default=lambda: secrets.token_urlsafe(16))


def order_rules(table: str) -> tuple[CheckConstraint | Index, ...]:
    return (
        one_of("state", "open", "filled", "withdrawn", "expired"),
        one_of("quarantine", "unreadable", "unclearable"),
        CheckConstraint("(quarantine IS NULL) = (quarantined_at IS NULL)", name="quarantined_since"),
        CheckConstraint("quantity_g > 0", name="quantity_positive"),
        CheckConstraint("taken_g >= 0 AND taken_g <= quantity_g", name="never_oversold"),
        CheckConstraint("min_take_g >= 0 AND min_take_g <= quantity_g", name="min_take_within"),
        CheckConstraint("(state = 'filled') = (taken_g = quantity_g)", name="filled_when_all_taken"),
        CheckConstraint("NOT called OR state <> 'open'", name="called_never_open"),
        # PostgreSQL has days that Python has not: one such row, and its whole book could not be read.
        CheckConstraint(
            "expires_on < '9999-01-01' AND (decide_by < '9999-01-01') IS NOT FALSE", name="days_readable"
        ),
        Index(f"{table}_open", "crop", "id", postgresql_where=text("state = 'open'")),
        Index(f"{table}_expiring", "expires_on", postgresql_where=text("state = 'open'")),
        Index(f"{table}_of_party", "party_id", "id"),
        Index(f"{table}_changed", "crop", "changed_in"),
        Index(f"{table}_aside", "id", postgresql_where=text("quarantine IS NOT NULL")),
    )


class OrderNews(Identified, Base):
    """What happened to an order and its owner has yet to be told, from `due_at` on; then the row goes.

    The quantities and the day are those of the order when it happened; `by_owner`: its owner did it.
    """

    __tablename__ = "order_news"
    __table_args__ = (
        one_of("what", "posted", "amended", "filled", "reopened", "withdrawn", "expiring", "expired"),
    )

    order_id: Mapped[UUID]
    what: Mapped[str]
    version: Mapped[int]
    quantity_g: Mapped[int]
    remaining_g: Mapped[int]
    last_day: Mapped[date]
    by_owner: Mapped[bool]
    happened_at: Mapped[datetime]
    due_at: Mapped[datetime] = mapped_column(index=True)


class Lot(Order, Base):
    __tablename__ = "lot"
    __table_args__ = (
        *order_rules("lot"),
        one_of("storage", "ambient", "cool"),
        CheckConstraint("ask >= 0", name="ask_not_negative"),
        CheckConstraint(
            "harvest_from BETWEEN '1000-01-01' AND harvest_until AND harvest_until < '9999-01-01'",
            name="harvest_in_order",
        ),
    )

    party_id: Mapped[UUID] = mapped_column(ForeignKey("party.id"))
    variety: Mapped[str | None]
    grade: Mapped[str]
    multiple_g: Mapped[int | None]
    ask: Mapped[int]
    harvest_from: Mapped[date]
    harvest_until: Mapped[date]
    storage: Mapped[str]
    certificates: Mapped[list[Json]]
    ocop_stars: Mapped[int | None]
    growing_area_code: Mapped[str | None]
    forecast: Mapped[bool]


class Demand(Order, Base):
    __tablename__ = "demand"
    __table_args__ = (
        *order_rules("demand"),
        CheckConstraint("bid >= 0", name="bid_not_negative"),
        CheckConstraint(
            "deliver_from BETWEEN '1000-01-01' AND deliver_until AND deliver_until < '9999-01-01'",
            name="delivery_in_order",
        ),
        CheckConstraint("min_fill_g >= 0 AND min_fill_g <= quantity_g", name="min_fill_within"),
    )

    party_id: Mapped[UUID] = mapped_column(ForeignKey("party.id"))
    varieties: Mapped[list[str]]
    min_grade: Mapped[str]
    min_fill_g: Mapped[int] = mapped_column(server_default="0")
    max_sellers: Mapped[int | None]
    bid: Mapped[int]
    deliver_from: Mapped[date]
    deliver_until: Mapped[date]
    max_distance_m: Mapped[int | None]
    certificates_required: Mapped[list[str]]
    min_ocop_stars: Mapped[int | None]
    market: Mapped[str]
    min_shelf_life_days: Mapped[int]


class Clearing(Identified, Base):
    """One run over a book. `welfare` and `upper_bound` are đồng·g/kg, exact; `input` replays to `result`.

    A clearing with a `base_id` settled a change of a standing book: the `link`-th since that clearing of the
    whole book; its `input` is the change and its `result` what the change did.
    Clearings older than the column have no `result`.
    """

    __tablename__ = "clearing"
    __table_args__ = (
        CheckConstraint("welfare <= upper_bound", name="welfare_within_bound"),
        CheckConstraint("(base_id IS NULL) = (link = 0)", name="links_have_a_base"),
        UniqueConstraint("base_id", "link"),
    )

    crop: Mapped[str] = mapped_column(index=True)
    book_version: Mapped[int]
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime]
    lots: Mapped[int]
    demands: Mapped[int]
    matches: Mapped[int]
    welfare: Mapped[int] = mapped_column(Numeric(40, 0))
    upper_bound: Mapped[int] = mapped_column(Numeric(40, 0))
    optimal: Mapped[bool]
    method: Mapped[str]
    base_id: Mapped[UUID | None] = mapped_column(ForeignKey("clearing.id"))
    link: Mapped[int] = mapped_column(server_default="0")
    input: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)
    result: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)


class TentativeMatch(Base):
    """What would be matched if the book froze now; takes nothing from its orders until its freeze."""

    __tablename__ = "tentative_match"

    # No foreign keys: hundreds are written for one new order, and each would lock two orders' rows.
    lot_id: Mapped[UUID] = mapped_column(primary_key=True)
    demand_id: Mapped[UUID] = mapped_column(primary_key=True, index=True)
    crop: Mapped[str] = mapped_column(index=True)
    quantity_g: Mapped[int]
    price: Mapped[int]
    distance_m: Mapped[int]
    freeze_at: Mapped[datetime]


class Match(Identified, Base):
    """kg of one lot promised to one demand; `released_at` is when its contract came to nothing, if it did."""

    __tablename__ = "match"
    __table_args__ = (
        UniqueConstraint("clearing_id", "lot_id", "demand_id"),
        CheckConstraint("quantity_g > 0", name="quantity_positive"),
        CheckConstraint("price >= ask AND price + transport <= bid", name="price_between"),
    )

    clearing_id: Mapped[UUID] = mapped_column(ForeignKey("clearing.id"), index=True)
    lot_id: Mapped[UUID] = mapped_column(ForeignKey("lot.id"), index=True)
    demand_id: Mapped[UUID] = mapped_column(ForeignKey("demand.id"), index=True)
    seller_id: Mapped[UUID] = mapped_column(ForeignKey("party.id"), index=True)
    buyer_id: Mapped[UUID] = mapped_column(ForeignKey("party.id"), index=True)
    crop: Mapped[str]
    quantity_g: Mapped[int]
    ask: Mapped[int]
    bid: Mapped[int]
    transport: Mapped[int]
    freshness_penalty: Mapped[int]
    price: Mapped[int]
    value: Mapped[int]
    distance_m: Mapped[int]
    pick_day: Mapped[date]
    leave_day: Mapped[date]
    delivery_day: Mapped[date]
    made_at: Mapped[datetime]
    released_at: Mapped[datetime | None]
    lot: Mapped[Lot] = relationship()
    demand: Mapped[Demand] = relationship()
    seller: Mapped[Party] = relationship(foreign_keys=seller_id)
    buyer: Mapped[Party] = relationship(foreign_keys=buyer_id)


class DeclinedPair(Base):
    """A copy of an order inherits whom that is not proposed to; for others their contract says it.

    Nor is a surplus proposed to the demand from whose contract it was left over.
    """

    __tablename__ = "declined_pair"

    lot_id: Mapped[UUID] = mapped_column(ForeignKey("lot.id"), primary_key=True)
    demand_id: Mapped[UUID] = mapped_column(ForeignKey("demand.id"), primary_key=True, index=True)
    crop: Mapped[str] = mapped_column(index=True)


class ContractSeries(Base):
    """The last serial given in a series and year; its row lock keeps numbers without gaps."""

    __tablename__ = "contract_series"

    series: Mapped[str] = mapped_column(primary_key=True)
    year: Mapped[int] = mapped_column(primary_key=True)
    last_serial: Mapped[int]


CONTRACT_WAITING = "signature IN ('draft', 'sent', 'accepted_by_seller', 'accepted_by_buyer')"


class Contract(Identified, Base):
    """Drafted from a match. Whoever has `page_key`, which can not be guessed, may read its page.

    `quantity_g` is what it takes of both its orders until it comes to nothing: that of its match, or what
    an amendment has made of it. `terms` are those of `version`; those of all versions are in its steps.
    """

    __tablename__ = "contract"
    __table_args__ = (
        UniqueConstraint("series", "year", "serial"),
        one_of(
            "signature", "draft", "sent", "accepted_by_seller", "accepted_by_buyer", "agreed", "declined",
            "lapsed", "cancelled",
        ),
        one_of("fulfilment", "unfulfilled", "partly_delivered", "fulfilled", "short", "breached"),
        Index(
            "contract_partly_delivered", "id",
            postgresql_where=text("fulfilment = 'partly_delivered'"),
        ),
        Index("contract_waiting", "deadline_at", postgresql_where=text(CONTRACT_WAITING)),
        Index(
            "contract_lapsing", "remind_at",
            postgresql_where=text(f"reminded_at IS NULL AND {CONTRACT_WAITING}"),
        ),
        CheckConstraint("quantity_g > 0", name="quantity_positive"),
        Index("contract_of_seller", "seller_id", "id"),
        Index("contract_of_buyer", "buyer_id", "id"),
    )  # fmt: skip

    match_id: Mapped[UUID] = mapped_column(ForeignKey("match.id"), unique=True)
    seller_id: Mapped[UUID] = mapped_column(ForeignKey("party.id"))
    buyer_id: Mapped[UUID] = mapped_column(ForeignKey("party.id"))
    series: Mapped[str]
    year: Mapped[int]
    serial: Mapped[int]
    number: Mapped[str] = mapped_column(unique=True)
    page_key: Mapped[str] = mapped_column(unique=True)
    version: Mapped[int] = mapped_column(server_default="1")
    signature: Mapped[str] = mapped_column(server_default="draft")
    fulfilment: Mapped[str] = mapped_column(server_default="unfulfilled")
    quantity_g: Mapped[int]
    terms: Mapped[Json]
    drafted_at: Mapped[datetime]
    deadline_at: Mapped[datetime]
    remind_at: Mapped[datetime]
    reminded_at: Mapped[datetime | None]
    opened_by_seller_at: Mapped[datetime | None]
    opened_by_buyer_at: Mapped[datetime | None]
    moved_at: Mapped[datetime | None]
    reason: Mapped[str | None]
    signatures: Mapped[list["Signature"]] = relationship(order_by="Signature.id")
    deliveries: Mapped[list["GoodsDelivery"]] = relationship(order_by="GoodsDelivery.position")
    payments: Mapped[list["Payment"]] = relationship(order_by="Payment.id")
    amendments: Mapped[list["Amendment"]] = relationship(order_by="Amendment.id")
    disputes: Mapped[list["Dispute"]] = relationship(order_by="Dispute.id")


class Signature(Identified, Base):
    """One side's acceptance of one version of a contract, on the hash of its terms."""

    __tablename__ = "signature"
    __table_args__ = (UniqueConstraint("contract_id", "version", "side"), one_of("side", "seller", "buyer"))

    contract_id: Mapped[UUID] = mapped_column(ForeignKey("contract.id"))
    version: Mapped[int]
    side: Mapped[str]
    signer: Mapped[str]
    role: Mapped[str | None]
    authority: Mapped[str | None]
    method: Mapped[str]
    address: Mapped[str]
    terms_hash: Mapped[str]
    signed_at: Mapped[datetime]


class Amendment(Identified, Base):
    """Other terms for a contract, proposed and so signed by one side; `version` is what they would be."""

    __tablename__ = "amendment"
    __table_args__ = (
        one_of("side", "seller", "buyer"),
        one_of("state", "open", "accepted", "declined", "countered", "withdrawn", "lapsed"),
        Index("amendment_open", "contract_id", unique=True, postgresql_where=text("state = 'open'")),
        Index("amendment_lapsing", "deadline_at", postgresql_where=text("state = 'open'")),
        Index("amendment_of_contract", "contract_id"),
    )

    contract_id: Mapped[UUID] = mapped_column(ForeignKey("contract.id"))
    version: Mapped[int]
    side: Mapped[str]
    state: Mapped[str] = mapped_column(server_default="open")
    terms: Mapped[Json]
    note: Mapped[str | None]
    signer: Mapped[str]
    role: Mapped[str | None]
    authority: Mapped[str | None]
    address: Mapped[str]
    proposed_at: Mapped[datetime]
    deadline_at: Mapped[datetime]
    settled_at: Mapped[datetime | None]
    reason: Mapped[str | None]


class Recorded:
    """What one side has recorded: the other may confirm it; withdrawn, it counts no more."""

    side: Mapped[str]
    recorded_at: Mapped[datetime]
    confirmed_at: Mapped[datetime | None]
    withdrawn_at: Mapped[datetime | None]
    withdrawn_by: Mapped[str | None]
    withdrawal_reason: Mapped[str | None]


def withdrawn_for_a_reason() -> CheckConstraint:
    return CheckConstraint(
        "(withdrawn_at IS NULL) = (withdrawn_by IS NULL)"
        " AND (withdrawn_at IS NULL) = (withdrawal_reason IS NULL)",
        name="withdrawn_for_a_reason",
    )


class GoodsDelivery(Identified, Recorded, Base):
    """One weigh ticket of a contract, in grams: the buyer took over net less rejected."""

    __tablename__ = "goods_delivery"
    __table_args__ = (
        UniqueConstraint("contract_id", "position"),
        one_of("side", "seller", "buyer"),
        CheckConstraint("tare_g >= 0 AND gross_g > tare_g", name="net_positive"),
        CheckConstraint("rejected_g >= 0 AND rejected_g <= gross_g - tare_g", name="rejected_within_net"),
        CheckConstraint("surplus_g >= 0 AND surplus_g <= rejected_g", name="surplus_within_rejected"),
        CheckConstraint("(rejected_g > 0) = (rejection_reason IS NOT NULL)", name="rejected_for_a_reason"),
        withdrawn_for_a_reason(),
    )

    contract_id: Mapped[UUID] = mapped_column(ForeignKey("contract.id"))
    position: Mapped[int]
    ticket_number: Mapped[str]
    delivered_at: Mapped[datetime]
    gross_g: Mapped[int]
    tare_g: Mapped[int]
    net_g: Mapped[int] = mapped_column(Computed("gross_g - tare_g", persisted=True))
    rejected_g: Mapped[int]
    rejection_reason: Mapped[str | None]
    surplus_g: Mapped[int] = mapped_column(server_default="0")
    grades: Mapped[list[Json]]
    note: Mapped[str | None]
    attachments: Mapped[list["Attachment"]] = relationship(order_by="Attachment.id")


class Attachment(Identified, Base):
    """A photograph or PDF of a weigh ticket, or of the goods."""

    __tablename__ = "attachment"

    delivery_id: Mapped[UUID] = mapped_column(ForeignKey("goods_delivery.id"), index=True)
    side: Mapped[str]
    name: Mapped[str]
    media_type: Mapped[str]
    sha256: Mapped[str]
    content: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)
    added_at: Mapped[datetime]


class Payment(Identified, Recorded, Base):
    """Money that went from buyer to seller, in whole đồng, as one side has recorded it."""

    __tablename__ = "payment"
    __table_args__ = (
        Index(
            "payment_recorded_once",
            "contract_id",
            "reference",
            unique=True,
            postgresql_where=text("withdrawn_at IS NULL"),
        ),
        one_of("side", "seller", "buyer"),
        CheckConstraint("amount > 0", name="amount_positive"),
        withdrawn_for_a_reason(),
    )

    contract_id: Mapped[UUID] = mapped_column(ForeignKey("contract.id"))
    amount: Mapped[int]
    paid_on: Mapped[date]
    reference: Mapped[str]


class Dispute(Identified, Base):
    """What one side holds against the other about a contract, until it or an operator closes it.

    Each side has one open at a time.
    """

    __tablename__ = "dispute"
    __table_args__ = (
        one_of("side", "seller", "buyer"),
        Index("dispute_open", "contract_id", "side", unique=True, postgresql_where=text("closed_at IS NULL")),
        Index("dispute_of_contract", "contract_id"),
    )

    contract_id: Mapped[UUID] = mapped_column(ForeignKey("contract.id"))
    side: Mapped[str]
    about: Mapped[str]
    opened_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    closed_by: Mapped[str | None]
    outcome: Mapped[str | None]


class Frame(Identified, Base):
    """A frame agreement for a season, drawn down by calls, or a memorandum of several parties."""

    __tablename__ = "frame"
    __table_args__ = (
        UniqueConstraint("series", "year", "serial"),
        one_of("kind", "frame", "memorandum"),
        one_of("state", "draft", "agreed", "declined", "ended"),
    )

    series: Mapped[str]
    year: Mapped[int]
    serial: Mapped[int]
    number: Mapped[str] = mapped_column(unique=True)
    kind: Mapped[str]
    state: Mapped[str]
    terms: Mapped[Json]
    drafted_at: Mapped[datetime]
    reason: Mapped[str | None]
    left_by: Mapped[UUID | None] = mapped_column(ForeignKey("party.id"))
    left_at: Mapped[datetime | None]
    version = 1  # it is signed as it is, or drafted anew
    sides: Mapped[list["FrameSide"]] = relationship(order_by="FrameSide.party_id")


class FrameSide(Base):
    """One party to a frame or memorandum, and its signature once it has signed.

    `particulars` are what else than its name the documents say of it: its own to give, by signing.
    """

    __tablename__ = "frame_side"

    frame_id: Mapped[UUID] = mapped_column(ForeignKey("frame.id"), primary_key=True)
    party_id: Mapped[UUID] = mapped_column(ForeignKey("party.id"), primary_key=True, index=True)
    signer: Mapped[str | None]
    role: Mapped[str | None]
    authority: Mapped[str | None]
    address: Mapped[str | None]
    terms_hash: Mapped[str | None]
    signed_at: Mapped[datetime | None]
    particulars: Mapped[Json | None]


class FrameCall(Base):
    """A contract that draws a part of a frame agreement."""

    __tablename__ = "frame_call"

    contract_id: Mapped[UUID] = mapped_column(ForeignKey("contract.id"), primary_key=True)
    frame_id: Mapped[UUID] = mapped_column(ForeignKey("frame.id"), index=True)


class Step(Base):
    """One step of the life of a contract or frame agreement, as it is proved.

    `hash` is over `statement`, which names the last one's. Steps are only ever added; the database refuses
    to change or delete one.
    """

    __tablename__ = "step"

    subject_id: Mapped[UUID] = mapped_column(primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    statement: Mapped[Json]
    hash: Mapped[str]


class SealKey(Base):
    """The public half of a key that documents are sealed with: its RFC 7638 thumbprint, and its JWK."""

    __tablename__ = "seal_key"

    id: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[Json]
    first_used_at: Mapped[datetime] = mapped_column(server_default=func.now())
    retired_at: Mapped[datetime | None]


class Document(Base):
    """A contract version as a page: asked for at `asked_at`, due until it is rendered."""

    __tablename__ = "document"
    __table_args__ = (
        Index("document_due", "contract_id", postgresql_where=text("rendered_at IS NULL")),
        CheckConstraint("(content IS NULL) = (rendered_at IS NULL)", name="rendered_whole"),
    )

    contract_id: Mapped[UUID] = mapped_column(ForeignKey("contract.id"), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    media_type: Mapped[str] = mapped_column(primary_key=True)
    content: Mapped[bytes | None] = mapped_column(LargeBinary)
    asked_at: Mapped[datetime]
    rendered_at: Mapped[datetime | None]
    rung_at: Mapped[datetime | None]


class Event(Identified, Base):
    """Something that happened to an order or a contract; who is told is in its notices.

    `position` is its place in the feed, null until it is given one after its commit.
    """

    __tablename__ = "event"
    __table_args__ = (
        UniqueConstraint("kind", "subject_id", "subject_version"),
        Index("event_position", "position", unique=True),
        Index("event_without_position", "id", postgresql_where=text("position IS NULL")),
    )

    kind: Mapped[str]
    subject_id: Mapped[UUID]
    subject_version: Mapped[int]
    data: Mapped[Json]
    occurred_at: Mapped[datetime]
    position: Mapped[int | None]


class Notice(Identified, Base):
    """What one party is told about one event; `read_at` is when it said that it had read it."""

    __tablename__ = "notice"
    __table_args__ = (
        UniqueConstraint("event_id", "party_id"),
        Index("notice_of_party", "party_id", "id"),
        Index("notice_of_event", "party_id", "event_id"),
        Index("notice_unread", "party_id", postgresql_where=text("read_at IS NULL")),
    )

    event_id: Mapped[UUID] = mapped_column(ForeignKey("event.id"))
    party_id: Mapped[UUID] = mapped_column(ForeignKey("party.id"))
    read_at: Mapped[datetime | None]
    event: Mapped[Event] = relationship()
    party: Mapped[Party] = relationship()
    deliveries: Mapped[list["Delivery"]] = relationship(back_populates="notice", order_by="Delivery.id")


class Delivery(Identified, Base):
    """One notice on one channel: due until it is delivered or, after its last attempt, dead-lettered.

    It is withdrawn if what it tells was over before it left. `tries` are the attempts of its schedule, which
    begins anew when it is asked for again. Without endpoint and contact it is to an address that was removed.
    A `digest`, which always has a contact, leaves in one mail with others, those with the same `mail_id`.
    Delivered means that the other side has taken it over, first at `delivered_at`; asked for again it
    is due once more, and delivered in the end, never withdrawn or dead. Where that is a gateway, it knows it
    by `provider_id`, and reports its arrival at `arrived_at`.
    """

    __tablename__ = "delivery"
    __table_args__ = (
        UniqueConstraint("notice_id", "channel", "address"),
        one_of("channel", "webhook", "email", "sms", "zalo"),
        one_of("state", "due", "delivered", "dead", "withdrawn"),
        Index(
            "delivery_due",
            "channel",
            "digest",
            "due_at",
            postgresql_where=text("state = 'due' AND endpoint_id IS NULL"),
        ),
        Index(
            "delivery_due_at_endpoint",
            "endpoint_id",
            "due_at",
            postgresql_where=text("state = 'due' AND endpoint_id IS NOT NULL"),
        ),
        Index("delivery_in_mail", "mail_id", postgresql_where=text("mail_id IS NOT NULL")),
        Index("delivery_at_provider", "provider_id", postgresql_where=text("provider_id IS NOT NULL")),
        Index("delivery_dead", "id", postgresql_where=text("state = 'dead'")),
    )

    notice_id: Mapped[UUID] = mapped_column(ForeignKey("notice.id"), index=True)
    channel: Mapped[str]
    address: Mapped[str]
    endpoint_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("endpoint.id", ondelete="SET NULL"), index=True
    )
    contact_id: Mapped[UUID | None] = mapped_column(ForeignKey("contact.id", ondelete="SET NULL"), index=True)
    digest: Mapped[bool] = mapped_column(server_default=text("false"))
    mail_id: Mapped[UUID | None]
    state: Mapped[str] = mapped_column(server_default="due")
    due_at: Mapped[datetime] = mapped_column(server_default=func.now())
    tries: Mapped[int] = mapped_column(server_default="0")
    delivered_at: Mapped[datetime | None]
    provider_id: Mapped[str | None]
    arrived_at: Mapped[datetime | None]
    notice: Mapped[Notice] = relationship(back_populates="deliveries")
    attempts: Mapped[list["Attempt"]] = relationship(order_by="Attempt.id")


class Attempt(Identified, Base):
    """One try at a delivery: what the other side answered, in its words, cut short."""

    __tablename__ = "attempt"

    delivery_id: Mapped[UUID] = mapped_column(ForeignKey("delivery.id"), index=True)
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime]
    succeeded: Mapped[bool]
    answer: Mapped[str]


class KeptAnswer(Base):
    """The first answer to a party's Idempotency-Key; empty only within the transaction that gives it."""

    __tablename__ = "kept_answer"

    party_id: Mapped[UUID] = mapped_column(ForeignKey("party.id"), primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    request_digest: Mapped[bytes] = mapped_column(LargeBinary)
    status: Mapped[int | None]
    headers: Mapped[Json] = mapped_column(server_default="{}")
    body: Mapped[bytes | None] = mapped_column(LargeBinary)
    kept_at: Mapped[datetime] = mapped_column(server_default=func.now(), index=True)


class Heartbeat(Base):
    """A worker or scheduler says here, every few seconds, that it lives."""

    __tablename__ = "heartbeat"
    __table_args__ = (one_of("kind", "worker", "scheduler"),)

    name: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    queues: Mapped[list[str]]
    beaten_at: Mapped[datetime]
