"""A worker that dies between sending and recording."""

import httpx


class Killed(BaseException):
    """The worker's end: nothing that comes after it is run."""


class Doomed(httpx.HTTPTransport):
    """Kills its worker once the receiver has answered."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        super().handle_request(request).close()
        raise Killed
