"""`python -m chaos --seed N --minutes M`: prints the report, and ends with status 1 when a bar is missed."""

import argparse
import shutil
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from chaos.run import run
from chaos.schedule import schedule
from workers.procfile import until_signalled

FAULTS_PER_MINUTE = 55  # some find their target gone: 500 are done in ten minutes


def main() -> int:
    words = argparse.ArgumentParser(prog="python -m chaos", description=__doc__)
    words.add_argument(
        "--seed", type=int, default=1, help="the same seed gives the same faults at the same times"
    )
    words.add_argument("--minutes", type=float, default=10.0, help="how long faults happen")
    words.add_argument("--faults", type=int, help=f"how many; {FAULTS_PER_MINUTE} a minute where not said")
    words.add_argument("--logs", type=Path, help="where to keep the logs of the processes")
    said = words.parse_args()
    faults = schedule(said.seed, said.minutes * 60, said.faults or round(said.minutes * FAULTS_PER_MINUTE))
    console = Console(markup=False, highlight=False, soft_wrap=True)
    console.print(f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC: {len(faults)} faults to come")
    report = None
    with until_signalled(), tempfile.TemporaryDirectory(prefix="chaos-") as folder:
        try:
            report = run(faults, said.seed, said.minutes, Path(folder))
        finally:
            if said.logs and (Path(folder) / "log").exists():
                shutil.copytree(Path(folder) / "log", said.logs, dirs_exist_ok=True)
    if report is None:
        return 1
    console.print("\n".join(report.lines()))
    return 0 if report.holds else 1


if __name__ == "__main__":
    sys.exit(main())
