"""Traders that post, amend, withdraw, accept, decline and read over HTTP, and keep every answer."""

import itertools
import json
import random
import threading
import time
from typing import Any

import httpx

from chaos.evidence import Answer, Evidence
from chaos.market import Trader, demand_body, lot_body
from chaos.tally import Tally

PATIENCE_SECONDS = 120.0
ANSWER_WITHIN_SECONDS = 30.0
REPEATED = 0.1  # the share of writes that is sent once more though it was answered
# What each kind of request may rightly be answered.
RIGHT = {
    "post": {201}, "amend": {200, 409, 412, 422}, "withdraw": {200, 409}, "accept": {200, 409},
    "decline": {200, 409}, "read": {200}, "pry": {404},
}  # fmt: skip


class Load:
    """One thread for each trader, from `start` to `stop`; answers are in `evidence`, counted in `tally`."""

    def __init__(self, base_url: str, traders: list[Trader], seed: int, pause_seconds: float) -> None:
        self.evidence, self.tally = Evidence(), Tally()
        self._traders, self._pause, self._base_url = traders, pause_seconds, base_url
        self._ended = threading.Event()
        self._failures: list[BaseException] = []
        self._threads = [
            threading.Thread(target=self._trade_on, args=(trader, random.Random(f"{seed}/{trader.name}")))  # noqa: S311
            for trader in traders
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Ends the load once requests under way are answered. Raises what a trader raised."""
        self._ended.set()
        for thread in self._threads:
            thread.join()
        for failure in self._failures:
            raise failure

    def _trade_on(self, trader: Trader, chance: random.Random) -> None:
        hand = _Hand(self, trader, chance)
        try:
            with httpx.Client(base_url=self._base_url, timeout=ANSWER_WITHIN_SECONDS) as hand.client:
                while not self._ended.wait(self._pause * chance.uniform(0.5, 1.5)):
                    hand.act()
        except Exception as failure:
            self._failures.append(failure)

    def others(self, trader: Trader) -> list[str]:
        """Addresses of other traders' orders, to try to read."""
        return [path for other in self._traders if other is not trader for path in list(other.orders)]


class _Hand:
    """One trader's thread."""

    client: httpx.Client

    def __init__(self, load: Load, trader: Trader, chance: random.Random) -> None:
        self._load, self._trader, self._chance = load, trader, chance
        self._keys = (f"{trader.name}/{number}" for number in itertools.count())

    def act(self) -> None:
        act = self._chance.choices(
            (self._post, self._amend, self._withdraw, self._sign, self._read, self._pry), (10, 4, 1, 3, 3, 1)
        )[0]
        act()

    def _post(self) -> None:
        noun = self._chance.choice(("lots", "demands"))
        body = lot_body(self._chance) if noun == "lots" else demand_body(self._chance)
        answer = self._write("post", "POST", f"/v1/{noun}", body)
        if answer is not None and answer.status_code == 201:
            self._trader.orders[f"/v1/{noun}/{answer.json()['id']}"] = answer.headers["etag"]

    def _amend(self) -> None:
        if path := self._own():
            figure = "ask" if "lots" in path else "bid"
            lowest = 15_000 if figure == "ask" else 34_000
            body: dict[str, Any] = {figure: lowest + 100 * self._chance.randrange(100)}
            if self._chance.random() < 0.3:
                body["quantity_kg"] = self._chance.randint(50, 400)
            answer = self._write("amend", "PATCH", path, body, {"If-Match": self._trader.orders[path]})
            if answer is not None and answer.is_success:
                self._trader.orders[path] = answer.headers["etag"]
            elif answer is not None and answer.status_code == 412:
                read = self._send("read", self._request("GET", path, {}))
                if read is not None and read.is_success:
                    self._trader.orders[path] = read.headers["etag"]

    def _withdraw(self) -> None:
        if path := self._own():
            self._write("withdraw", "POST", f"{path}/withdraw", None)

    def _sign(self) -> None:
        side = self._chance.choice(("seller", "buyer"))
        read = self._send("read", self._request("GET", "/v1/contracts?limit=20", {}, side))
        mine = (
            [each for each in read.json()["items"] if "accept" in each["moves"]] if read is not None else []
        )
        if not mine:
            return
        contract = self._chance.choice(mine)
        path = f"/v1/contracts/{contract['id']}"
        if self._chance.random() < 0.2:
            self._write("decline", "POST", f"{path}/decline", {"reason": "giá chưa hợp"}, side=side)
        else:
            body = {"signer": "Người ký", "terms_hash": contract["terms_hash"]}
            self._write("accept", "POST", f"{path}/accept", body, side=side)

    def _read(self) -> None:
        path = self._chance.choice(("lots", "demands", "matches", "contracts", "notices"))
        side = {"lots": "seller", "demands": "buyer"}.get(path) or self._chance.choice(("seller", "buyer"))
        self._send("read", self._request("GET", f"/v1/{path}?limit=50", {}, side))

    def _pry(self) -> None:
        if others := self._load.others(self._trader):
            self._send("pry", self._request("GET", self._chance.choice(others), {}))

    def _own(self) -> str | None:
        return self._chance.choice(list(self._trader.orders)[-40:]) if self._trader.orders else None

    def _write(
        self,
        kind: str,
        method: str,
        path: str,
        body: object,
        headers: dict[str, str] | None = None,
        side: str = "",
    ) -> httpx.Response | None:
        key = next(self._keys)
        content = {} if body is None else {"json": body}
        request = self._request(method, path, {"Idempotency-Key": key, **(headers or {})}, side, **content)
        answer = self._send(kind, request)
        if answer is not None and answer.is_success and self._chance.random() < REPEATED:
            self._send(kind, request)
        return answer

    def _request(
        self, method: str, path: str, headers: dict[str, str], side: str = "", **content: Any
    ) -> httpx.Request:
        party = side or ("seller" if path.startswith("/v1/lots") else "buyer")
        authorization = {"Authorization": f"Bearer {self._trader.keys[party]}"}
        return self.client.build_request(
            method,
            path,
            headers=headers | authorization,
            extensions={"party": self._trader.ids[party]},
            **content,
        )

    def _send(self, kind: str, request: httpx.Request) -> httpx.Response | None:
        """The answer, asked for again until there is one that is no 503; None when patience ends."""
        key = request.headers.get("Idempotency-Key", "")
        deadline, pause = time.monotonic() + PATIENCE_SECONDS, 0.1
        while time.monotonic() < deadline:
            answer = self._attempt(kind, request)
            if answer is not None and answer.status_code != 503:
                words = (key, request.extensions["party"], request.method, request.url.path)
                self._load.evidence.answers.append(Answer(*words, answer.status_code, answer.content))
                return answer
            time.sleep(pause)
            pause = min(2 * pause, 1.0)
        if key:
            self._load.evidence.unanswered.add(key)
        return None

    def _attempt(self, kind: str, request: httpx.Request) -> httpx.Response | None:
        began = time.monotonic()
        try:
            answer = self.client.send(request)
        except httpx.TransportError:
            self._load.tally.note("none", time.monotonic() - began)
            return None
        words = f"{kind}: {request.method} {request.url.path}: {answer.status_code} {answer.text[:300]}"
        self._load.tally.note(_outcome(kind, answer), time.monotonic() - began, words)
        return answer


def _outcome(kind: str, answer: httpx.Response) -> str:
    if answer.status_code == 503:
        honest = "Retry-After" in answer.headers and json.loads(answer.text)["type"].endswith("unavailable")
        return "honest 503" if honest else "wrong"
    return "right" if answer.status_code in RIGHT[kind] else "wrong"
