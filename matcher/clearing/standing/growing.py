"""A book with room to grow.

An order keeps its place as long as it is there and unchanged; a new or changed one takes the next free
place. Places that are free, or whose order is gone, are in the tables too, but no arc leads to them.
"""

from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from matcher.clearing import distance
from matcher.clearing.arrays import Demands, Lots
from matcher.clearing.pairs import Book

Longs = NDArray[np.int64]


class Orders:
    """The columns of a table with room for more rows, as attributes; `count` places are taken."""

    def __init__(self, table: Lots | Demands, room: int) -> None:
        self.count = len(table)
        self._columns = [name for name in table.COLUMNS if name not in table.ELSEWHERE]
        for name in self._columns:
            setattr(self, name, grown(getattr(table, name), self.count + room))

    def __len__(self) -> int:
        return len(cast("Any", self).key)

    def append(self, table: Lots | Demands) -> slice:
        """The places that the rows of the table take."""
        places = slice(self.count, self.count + len(table))
        for name in self._columns:
            getattr(self, name)[places] = getattr(table, name)
        self.count += len(table)
        return places


class GrowingBook:
    """`book` is for the rules; its tables, points and certificates grow with `add_lots` and `add_demands`."""

    def __init__(self, book: Book, room: int) -> None:
        self.lots, self.demands = Orders(book.lots, room), Orders(book.demands, room)
        self.declined = declined = book.declined[:, 0] * len(self.demands) + book.declined[:, 1]
        self.book = Book(
            cast("Lots", self.lots), cast("Demands", self.demands), book.terms, np.zeros((0, 2), np.int64)
        )
        sequence, begin = book.certificates
        self._held = {name: getattr(book.lots, name)[sequence] for name in Lots.ELSEWHERE}
        self._begin = np.full(len(self.lots) + 1, len(sequence), np.int64)
        self._begin[: len(begin)] = begin
        self._say(
            lot_points=grown(book.lot_points, len(self.lots)),
            demand_points=grown(book.demand_points, len(self.demands)),
            declined_codes=np.unique(declined),
        )
        self._say_certificates()

    def add_lots(self, lots: Lots) -> slice:
        places = self.lots.append(lots)
        self.book.lot_points[places] = distance.unit_vectors(lots.latitude, lots.longitude)
        order = np.argsort(lots.certificate_lot, kind="stable")
        for name in Lots.ELSEWHERE:
            self._held[name] = np.concatenate([self._held[name], getattr(lots, name)[order]])
        counts = np.bincount(lots.certificate_lot, minlength=len(lots))
        self._begin[places.start + 1 : places.stop + 1] += np.cumsum(counts)
        self._begin[places.stop + 1 :] = self._begin[places.stop]
        self._say_certificates()
        return places

    def add_demands(self, demands: Demands) -> slice:
        places = self.demands.append(demands)
        self.book.demand_points[places] = distance.unit_vectors(demands.latitude, demands.longitude)
        return places

    def decline(self, lot: int, demand: int) -> None:
        """Has the pair not be proposed."""
        code = lot * len(self.demands) + demand
        self._say(declined_codes=np.unique(np.append(self.book.declined_codes, code)))

    def _say_certificates(self) -> None:
        for name in ("certificate_scheme", "certificate_from", "certificate_until"):
            setattr(self.lots, name, self._held[name])
        self._say(certificates=(np.arange(len(self._held["certificate_lot"])), self._begin))

    def _say(self, **known: Any) -> None:
        # What a Book works out once and keeps, an array at a time.
        self.book.__dict__.update(known)


def grown(array: NDArray[Any], size: int) -> NDArray[Any]:
    """The array with zeros after it, `size` entries in all."""
    larger = np.zeros((size, *array.shape[1:]), array.dtype)
    larger[: len(array)] = array
    return larger
