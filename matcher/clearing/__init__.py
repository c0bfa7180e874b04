"""The pure core: a book as arrays in, matches as arrays out. It knows no database, clock or settings."""

from matcher.clearing.arrays import Demands, Lots, Terms
from matcher.clearing.clear import Clearing, clear
from matcher.clearing.errors import BadInput, BrokenPromise, ClearingError, NotOptimal, Overflow, TermBroken
from matcher.clearing.rules import RULES, blocking

__all__ = [
    "RULES",
    "BadInput",
    "BrokenPromise",
    "Clearing",
    "ClearingError",
    "Demands",
    "Lots",
    "NotOptimal",
    "Overflow",
    "TermBroken",
    "Terms",
    "blocking",
    "clear",
]
