"""eSMS and Zalo as a sender meets them: real servers on 127.0.0.1 that take the requests those take, refuse
what those refuse, and report what became of a message as those do. matcher/notices/sms.py and zalo.py name
the sources.
"""

import hashlib
import json
import re
import time
from collections.abc import Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from uuid import uuid4

import httpx

from demo.serving import Serving

Said = dict[str, Any]


class Gateway(Serving):
    """Keeps every message that it takes over, in `taken`; answers `nobody` that there is no such number."""

    path = "/"
    nobody = "84900000000"

    def __init__(self) -> None:
        self.taken: list[Said] = []
        self.requests = 0
        self.broken = False  # then it answers as a proxy in front of it does
        super().__init__(_Server(self))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}{self.path}"

    def answer(self, headers: Any, said: Said) -> Said:
        """What it says to a request; puts what it takes over into `taken`."""
        raise NotImplementedError


class SmsGateway(Gateway):
    """eSMS: POST of JSON, answered with CodeResult; reports by GET to the CallbackUrl of the message."""

    path = "/MainService.svc/json/SendMultipleMessage_V4_post_json/"
    key, secret, brand = "api-key", "secret-key", "CHOLANGSON"

    def answer(self, _headers: Any, said: Said) -> Said:
        refused = self._refusal(said)
        if refused is not None:
            code, message = refused
            return {"CodeResult": code, "CountRegenerate": 0, "ErrorMessage": message}
        self.taken.append(said | {"SMSID": uuid4().hex})
        return {"CodeResult": "100", "CountRegenerate": 0, "SMSID": self.taken[-1]["SMSID"]}

    def _refusal(self, said: Said) -> tuple[str, str] | None:
        if (said.get("ApiKey"), said.get("SecretKey")) != (self.key, self.secret):
            return "101", "Authorize Failed"
        if said.get("Brandname") != self.brand or said.get("SmsType") != "2":
            return "104", "Brand name code is not exist"
        if not re.fullmatch(r"0\d{9}", said.get("Phone", "")) or said["Phone"] == f"0{self.nobody[2:]}":
            return "108", "Phone number is invalid"
        if said.get("RequestId") in {each["RequestId"] for each in self.taken}:
            return "124", "Request exist 1"
        return None

    def report(self, message: Said, *, arrived: bool) -> httpx.Response:
        """Tells at the message's CallbackUrl what became of it."""
        told = {
            "SMSID": message["SMSID"], "SendFailed": "0" if arrived else "1", "SendStatus": "5",
            "SendSuccess": "1" if arrived else "0", "TotalPrice": "850.0000", "TotalReceiver": "1",
            "TotalSent": "1", "RequestId": message["RequestId"], "TypeId": "2", "telcoid": "1",
            "phonenumber": message["Phone"], "switchsmsid": "",
        }  # fmt: skip
        return httpx.get(message["CallbackUrl"], params=told)


class ZaloGateway(Gateway):
    """ZNS: POST of JSON with an access_token, answered with error and data; signed events for a webhook."""

    path = "/message/template"
    token, app_id, secret = "oa-access-token", "431545710125130", "oa-secret-key"  # made up
    templates: Sequence[str] = ("123456",)

    def answer(self, headers: Any, said: Said) -> Said:
        if headers.get("access_token") != self.token:
            return {"error": -124, "message": "Access token invalid"}
        if not re.fullmatch(r"84\d{9}", said.get("phone", "")):
            return {"error": -108, "message": "Phone number invalid"}
        if said["phone"] == self.nobody:
            return {"error": -118, "message": "Zalo account not existed"}
        if said.get("template_id") not in self.templates or not all(said.get("template_data", {}).values()):
            return {"error": -109, "message": "Template ID invalid"}
        self.taken.append(said | {"msg_id": uuid4().hex})
        quota = {"dailyQuota": "500", "remainingQuota": "499"}
        data = {"msg_id": self.taken[-1]["msg_id"], "sent_time": "1602740479980", "quota": quota}
        return {"error": 0, "message": "Success", "data": data}

    def report(
        self, message: Said, webhook: str, *, secret: str | None = None, at: float | None = None
    ) -> httpx.Response:
        """Tells the webhook that the message has reached the phone, at `at` in Unix seconds or now.

        Signed with `secret` or its own.
        """
        delivered = str(int((time.time() if at is None else at) * 1000))
        event = {
            "event_name": "user_received_message", "app_id": self.app_id, "sender": {"id": "579952718180"},
            "recipient": {"id": message["phone"]}, "timestamp": delivered,
            "message": {
                "delivery_time": delivered, "msg_id": message["msg_id"],
                "tracking_id": message["tracking_id"],
            },
        }  # fmt: skip
        return self.post(event, webhook, secret=secret)

    def post(self, event: Said, webhook: str, *, secret: str | None = None) -> httpx.Response:
        """Posts any event, signed."""
        body = json.dumps(event)
        signed = f"{self.app_id}{body}{event['timestamp']}{secret or self.secret}"
        mac = hashlib.sha256(signed.encode()).hexdigest()
        headers = {"content-type": "application/json", "X-ZEvent-Signature": f"mac={mac}"}
        return httpx.post(webhook, content=body, headers=headers)


class _Server(ThreadingHTTPServer):
    daemon_threads = False

    def __init__(self, gateway: Gateway) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.gateway = gateway


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_POST(self) -> None:
        gateway = self.server.gateway
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        gateway.requests += 1
        if self.path != gateway.path or gateway.broken:
            self._send(502, b"<html>Bad Gateway</html>")
            return
        said = gateway.answer(self.headers, json.loads(body))
        self._send(200, json.dumps(said, ensure_ascii=False).encode())

    def _send(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the name is http.server's
        """Says nothing."""
