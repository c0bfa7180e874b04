"""What an operator may change without reading code: one Settings, from MATCHER_* environment variables."""

from pathlib import Path

from pydantic import Field, field_validator
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, SettingsConfigDict

BROKERS = ("redis", "rediss", "sentinel", "amqp", "amqps")


class Settings(BaseSettings):
    """Built once at each entry point and passed down. Raises pydantic.ValidationError on a bad variable.

    Without `database_url` and `redis_url` the service starts its own PostgreSQL and Valkey
    in `data_folder`.
    """

    model_config = SettingsConfigDict(env_prefix="MATCHER_", extra="ignore", frozen=True)

    database_url: str | None = Field(None, description="postgresql+psycopg://user:password@host:port/name")
    redis_url: str | None = Field(None, description="redis://… or amqp://…; any broker that Celery speaks")
    data_folder: Path = Field(Path("data"), description="embedded servers, logs, rendered documents")
    config_folder: Path = Field(Path(__file__).parent, description="crops, gates, tariff and places")

    host: str = "127.0.0.1"
    port: int = Field(8000, ge=0, le=65535, description="0: any free port")
    public_url: str | None = Field(
        None, description="how links in notices begin, where not with host and port"
    )

    seller_share_percent: int = Field(
        50, ge=0, le=100, description="the seller's part of what lies between ask and bid − transport"
    )
    contract_series: str = Field("HĐMB-LS", description="the series in a number like 0001/2020/HĐMB-LS")
    frame_series: str = Field("HĐNT-LS", description="that of frame agreements")
    memorandum_series: str = Field("BBGN-LS", description="that of memoranda")
    contract_deadline_hours: int = Field(12, ge=1, description="how long a draft waits for both signatures")

    head_start_seconds: int = Field(
        0, ge=0, le=86_400, description="how much earlier, at most, a good track record counts in ties"
    )

    smtp_url: str | None = Field(None, description="smtp://host:port or smtps://user:password@host:port")
    mail_from: str = "matcher@localhost"
    sms_url: str | None = Field(
        None, description="eSMS: https://rest.esms.vn/…/SendMultipleMessage_V4_post_json/"
    )
    sms_key: str | None = Field(None, description="its ApiKey")
    sms_secret: str | None = Field(None, description="its SecretKey")
    sms_brand: str = Field("", description="the brand name registered with it")
    zalo_url: str = "https://business.openapi.zalo.me/message/template"
    zalo_token_file: Path | None = Field(
        None, description="holds the Official Account's access token of today"
    )
    zalo_secret: str | None = Field(
        None, description="the Official Account's secret key, which signs its events"
    )
    private_addresses_allowed: bool = Field(
        False,
        description="whether webhooks, SMS and Zalo may go into private networks, as this machine's own",
    )
    delivery_timeout_seconds: float = Field(10.0, gt=0)

    sweep_seconds: float = Field(2.0, gt=0, description="how often the scheduler rings the sweep")
    ring_patience_seconds: float = Field(
        15.0, gt=0, description="how long a ring may stay unanswered before the sweep rings again"
    )

    @property
    def sealing_folder(self) -> Path:
        """Where this host's key for sealing documents lies, and the public halves of its former ones."""
        return self.data_folder / "seal"

    @field_validator("database_url")
    @classmethod
    def _postgresql(cls, url: str | None) -> str | None:
        scheme, _, rest = (url or "").partition("://")
        if scheme in ("postgres", "postgresql"):
            url = f"postgresql+psycopg://{rest}"
        elif url is not None and (scheme != "postgresql+psycopg" or not rest):
            raise PydanticCustomError("database_url", "not the address of a PostgreSQL")
        return url

    @field_validator("redis_url")
    @classmethod
    def _broker(cls, url: str | None) -> str | None:
        scheme, _, rest = (url or "").partition("://")
        if url is not None and (scheme not in BROKERS or not rest):
            raise PydanticCustomError("broker_url", "not the address of a broker")
        return url

    @property
    def links_begin(self) -> str:
        """What stands before a path in the links we send, without a slash at its end."""
        return (self.public_url or f"http://{self.host}:{self.port}").rstrip("/")

    def as_environment(self) -> dict[str, str]:
        """The MATCHER_* variables from which another process builds these same settings."""
        said = self.model_dump(mode="json", exclude_none=True)
        return {f"MATCHER_{name.upper()}": str(value) for name, value in said.items()}
