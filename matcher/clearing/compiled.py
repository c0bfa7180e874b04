"""Machine code for the inner loops, kept on disk where that can be."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar, cast

import numba

Function = TypeVar("Function", bound=Callable[..., object])


def _kept_in() -> str:
    """A folder for the code of just these sources.

    By itself numba takes kept code for good while the function's own file is as it was, though it has machine
    code of other files in it, and fails where it names a class that is no more, as after an upgrade.
    """
    home = Path(__file__).parent
    sources = b"".join(source.read_bytes() for source in sorted(home.rglob("*.py")))
    return str(home / "__pycache__" / hashlib.sha256(sources).hexdigest()[:16])


numba.config.CACHE_DIR = numba.config.CACHE_DIR or _kept_in()  # type: ignore[attr-defined]


def compiled(function: Function) -> Function:
    """Compile `function` with numba, which keeps the code below this folder or in the user's cache folder.

    Where neither can be written, every process compiles anew: slower to start, otherwise the same. Other
    threads run meanwhile, so several may run it at once.
    """
    try:
        return cast("Function", numba.njit(cache=True, nogil=True)(function))
    except RuntimeError:  # numba's "no locator available": no folder it may write to
        return cast("Function", numba.njit(nogil=True)(function))
