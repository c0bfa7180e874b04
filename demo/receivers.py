"""Somewhere for notices to go: a receiver of webhooks and one of mail, real servers on 127.0.0.1."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Literal, Self

from demo.serving import Serving
from workers.embedded import free_port

Behaviour = Literal[
    "honest", "failing", "redirecting", "garbage", "silent", "trickling", "closing",
    "endless", "cut_off", "flooding", "gone",
    "busy",
]  # fmt: skip


@dataclass(frozen=True)
class Received:
    """One request; the names of `headers` are in lower case."""

    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass
class _Inbox:
    """What has arrived, and a bell for who waits for it."""

    items: list[Any] = field(default_factory=list)
    changed: threading.Condition = field(default_factory=threading.Condition)

    def put(self, item: Any) -> None:
        with self.changed:
            self.items.append(item)
            self.changed.notify_all()

    def wait_for(self, count: int, seconds: float) -> list[Any]:
        """The items, once there are `count` of them. Raises TimeoutError."""
        with self.changed:
            if not self.changed.wait_for(lambda: len(self.items) >= count, seconds):
                raise TimeoutError(f"{len(self.items)} of {count} arrived within {seconds:g} s")
            return list(self.items)


class WebhookReceiver(Serving):
    """Records every request and then answers as its `behaviour` says, which may be changed at any time.

    honest: 200. failing: 500 with a reason. redirecting: 307 to `elsewhere`. garbage: bytes that are no
    HTTP. silent: nothing, until the receiver stops. trickling: the headers, byte by byte without end.
    closing: hangs up. endless: 200 and a body, byte by byte without end. cut_off: 200 and half of its body.
    flooding: 500 and ten million bytes. gone: 410. busy: 429 with `retry_after`.
    """

    def __init__(self, behaviour: Behaviour = "honest") -> None:
        self.behaviour: Behaviour = behaviour
        self.retry_after = "3600"
        self.ended = threading.Event()
        self._inbox = _Inbox()
        super().__init__(_Server(self))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/notices"

    @property
    def received(self) -> list[Received]:
        return list(self._inbox.items)

    def wait_for(self, count: int, seconds: float = 20.0) -> list[Received]:
        """All that was received, once it is `count` requests. Raises TimeoutError."""
        return self._inbox.wait_for(count, seconds)

    def put(self, request: Received) -> None:
        self._inbox.put(request)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.ended.set()
        super().__exit__(kind, error, trace)


class _Server(ThreadingHTTPServer):
    daemon_threads = False  # so that server_close waits for them and leaves no socket open
    request_queue_size = 128

    def __init__(self, receiver: WebhookReceiver) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.receiver = receiver

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A sender that hangs up is its own business."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_POST(self) -> None:
        receiver = self.server.receiver
        length = int(self.headers.get("content-length", 0))
        body = self.rfile.read(length)
        if len(body) < length:  # the sender broke off, so nothing has arrived
            return
        headers = {name.lower(): value for name, value in self.headers.items()}
        behaviour = receiver.behaviour
        receiver.put(Received(self.path, headers, body))
        getattr(self, f"_{behaviour}")()

    def _honest(self) -> None:
        self._answer(200, "đã nhận".encode())

    def _failing(self) -> None:
        self._answer(500, "kho dữ liệu\tđang\x00 bảo trì\n".encode())

    def _redirecting(self) -> None:
        self.send_response(307)
        self.send_header("Location", f"{self.server.receiver.url}/elsewhere")
        self.end_headers()

    def _garbage(self) -> None:
        self.wfile.write(b"\x16\x03\x01 not what you expected\r\n\r\n")

    def _silent(self) -> None:
        self.server.receiver.ended.wait()

    def _trickling(self) -> None:
        self.wfile.write(b"HTTP/1.1 200 OK\r\nX-Patience: ")
        while not self.server.receiver.ended.wait(0.02):
            self.wfile.write(b".")

    def _endless(self) -> None:
        self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 4000\r\n\r\n")
        while not self.server.receiver.ended.wait(0.02):
            self.wfile.write(b".")

    def _cut_off(self) -> None:
        self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 4000\r\n\r\nhalf")
        self.close_connection = True

    def _closing(self) -> None:
        self.close_connection = True

    def _flooding(self) -> None:
        self._answer(500, b"more " * 2_000_000)

    def _gone(self) -> None:
        self._answer(410, b"moved away")

    def _busy(self) -> None:
        self._answer(429, b"slowly", {"Retry-After": self.server.receiver.retry_after})

    def _answer(self, status: int, body: bytes, headers: Mapping[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the name is http.server's
        """Says nothing; what came is in `received`."""


class MailReceiver:
    """Takes every mail and keeps it; with `refusing`, refuses every recipient, and says that.

    Needs aiosmtpd, which comes with harvest-matcher[dev] only.
    """

    def __init__(self, *, refusing: str = "") -> None:
        self.refusing = refusing
        self.options: dict[str, Any] = {}  # further ones of aiosmtpd's
        self._inbox = _Inbox()
        self._controller: Any = None

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self._controller.port}"

    @property
    def received(self) -> list[EmailMessage]:
        return list(self._inbox.items)

    def wait_for(self, count: int, seconds: float = 20.0) -> list[EmailMessage]:
        """All that was received, once it is `count` messages. Raises TimeoutError."""
        return self._inbox.wait_for(count, seconds)

    def __enter__(self) -> Self:
        from aiosmtpd.controller import Controller  # noqa: PLC0415  # webhooks must do without it

        self._controller = Controller(self, hostname="127.0.0.1", port=free_port(), **self.options)
        self._controller.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._controller.stop()

    async def handle_RCPT(  # noqa: N802  # the name is aiosmtpd's
        self, _server: Any, _session: Any, envelope: Any, address: str, _options: list[str]
    ) -> str:
        if self.refusing:
            return self.refusing
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
        lines = envelope.content.replace(b"\r\n", b"\n")
        self._inbox.put(message_from_bytes(lines, policy=policy.default))
        return "250 OK"
