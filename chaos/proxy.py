"""A TCP proxy on 127.0.0.1 that cuts, delays, silences or resets what goes through it when told to."""

import contextlib
import socket
import struct
import threading
import time
from types import TracebackType
from typing import Self

CHUNK = 65_536


class Proxy:
    """Passes every connection to `port` on to (host, port). `delay` is in seconds for each piece of data."""

    def __init__(self, host: str, port: int) -> None:
        self._behind = (host, port)
        self.delay = 0.0
        self._closed = False
        self._refusing = False
        self._speaking = threading.Event()
        self._speaking.set()
        self._sockets: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self._listener.settimeout(0.2)
        self.port: int = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._accept_on, daemon=True)

    def cut(self) -> None:
        """Ends every connection and takes no new one until `restore`."""
        self._refusing = True
        self.end_all()

    def silence(self) -> None:
        """Holds all bytes back until `restore`; connections stay open."""
        self._speaking.clear()

    def end_all(self, *, reset: bool = False) -> None:
        """Ends every connection, with an RST where `reset`; new ones are taken."""
        with self._lock:
            if reset:
                # All of them before any is touched: the first that wakes ends the one it is joined to.
                for each in self._sockets:
                    each.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            for each in self._sockets:
                with contextlib.suppress(OSError):
                    # Of the reading side only: the pump wakes and closes it, which then sends the RST.
                    each.shutdown(socket.SHUT_RD if reset else socket.SHUT_RDWR)

    def restore(self) -> None:
        self.delay, self._refusing = 0.0, False
        self._speaking.set()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closed = True
        self.restore()
        self._thread.join()
        self._listener.close()
        self.end_all()

    def _accept_on(self) -> None:
        while not self._closed:
            with contextlib.suppress(TimeoutError, OSError):
                front, _ = self._listener.accept()
                threading.Thread(target=self._join, args=(front,), daemon=True).start()

    def _join(self, front: socket.socket) -> None:
        front.settimeout(None)
        if self._refusing:
            front.close()
            return
        try:
            back = socket.create_connection(self._behind, timeout=10)
        except OSError:
            front.close()
            return
        back.settimeout(None)
        for each in (front, back):
            each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with self._lock:
            self._sockets |= {front, back}
        answering = threading.Thread(target=self._pump, args=(back, front), daemon=True)
        answering.start()
        self._pump(front, back)
        answering.join()
        with self._lock:
            self._sockets -= {front, back}
        front.close()
        back.close()

    def _pump(self, source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(CHUNK):
                self._speaking.wait()
                if self.delay:
                    time.sleep(self.delay)
                target.sendall(data)
        for each in (source, target):
            with contextlib.suppress(OSError):
                # A socket that is to be reset must not say goodbye first.
                lingering, _ = struct.unpack("ii", each.getsockopt(socket.SOL_SOCKET, socket.SO_LINGER, 8))
                each.shutdown(socket.SHUT_RD if lingering else socket.SHUT_RDWR)
