"""What the clearing refuses, and what it would never let pass.

ClearingError
├── BadInput            an array is not what its name promises; the message says which and where
├── Overflow            figures so large that 64-bit arithmetic could not stay exact
└── BrokenPromise       a result that failed its own check: a defect here, never the caller's
    ├── NotOptimal      the dual prices do not prove the allocation best
    └── TermBroken      an allocation breaks a capacity or a minimum term
"""


class ClearingError(Exception):
    """Base of all errors of the clearing."""


class BadInput(ClearingError):
    pass


class Overflow(ClearingError):
    pass


class BrokenPromise(ClearingError):
    pass


class NotOptimal(BrokenPromise):
    pass


class TermBroken(BrokenPromise):
    pass
