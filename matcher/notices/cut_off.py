"""A limit on the whole of an exchange.

The timeouts of sockets, and so those of httpx and smtplib, begin anew with every byte: a receiver that
answers one byte at a time could hold a worker for days.
"""

import contextlib
import socket
import threading
from types import TracebackType
from typing import Self


class CutOff:
    """Within its `with` block, shuts the watched connection down once `seconds` have passed.

    Whoever reads from it then meets its end, at once; `passed` tells why.
    """

    def __init__(self, seconds: float) -> None:
        self.passed = False
        self._connection: socket.socket | None = None
        self._lock = threading.Lock()
        self._timer = threading.Timer(seconds, self._pass)
        self._timer.daemon = True

    def watch(self, connection: socket.socket) -> None:
        """Watches `connection` in place of any before it."""
        with self._lock:
            self._connection = connection
            self._shut_if_passed()

    def __enter__(self) -> Self:
        self._timer.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._timer.cancel()

    def _pass(self) -> None:
        with self._lock:
            self.passed = True
            self._shut_if_passed()

    def _shut_if_passed(self) -> None:
        if self.passed and self._connection is not None:
            # It may be closed already, by either side.
            with contextlib.suppress(OSError):
                self._connection.shutdown(socket.SHUT_RDWR)
