"""Machine code for the inner loops, kept on disk where that can be."""

from collections.abc import Callable
from typing import TypeVar, cast

import numba

Function = TypeVar("Function", bound=Callable[..., object])


def compiled(function: Function) -> Function:
    """Compile `function` with numba, which keeps the code beside this file or in the user's cache folder.

    Where neither can be written, every process compiles anew: slower to start, otherwise the same. Other
    threads run meanwhile, so several may run it at once.
    """
    try:
        return cast("Function", numba.njit(cache=True, nogil=True)(function))
    except RuntimeError:  # numba's "no locator available": no folder it may write to
        return cast("Function", numba.njit(nogil=True)(function))
