"""How each kind of fault is done to a stage, and undone."""

import os
import signal
import time
from collections.abc import Callable, Mapping

import psycopg

from chaos.proxy import Proxy
from chaos.schedule import Fault
from chaos.signals import children, freeze, signal_group
from chaos.stage import Stage
from demo.receivers import Behaviour

Undo = Callable[[], None]
Inject = Callable[[Stage, Fault], Undo]
DELAY_SECONDS = 0.05


def nothing() -> None:
    """What a blow needs to be undone."""


def _process(number: signal.Signals) -> Inject:
    def inject(stage: Stage, fault: Fault) -> Undo:
        os.kill(stage.supervisor.pid(fault.target), number)
        return nothing

    return inject


def _freeze_process(stage: Stage, fault: Fault) -> Undo:
    group = stage.supervisor.pid(fault.target)  # each process leads a group, its pool's children included
    os.killpg(group, signal.SIGSTOP)
    return lambda: signal_group(group, signal.SIGCONT)


def _kill_child(stage: Stage, fault: Fault) -> Undo:
    child = next(children(stage.supervisor.pid(fault.target)), None)
    if child is None:
        raise ProcessLookupError(f"{fault.target} has no child just now")
    os.kill(child, signal.SIGKILL)
    return nothing


def _broker_pid(stage: Stage) -> int:
    with stage.broker() as client:
        return int(client.info("server")["process_id"])


def _restart_broker(stage: Stage, _fault: Fault) -> Undo:
    os.kill(_broker_pid(stage), signal.SIGTERM)
    return nothing


def _wipe_broker(stage: Stage, _fault: Fault) -> Undo:
    with stage.broker() as client:
        client.flushall()
    return nothing


def _freeze_broker(stage: Stage, _fault: Fault) -> Undo:
    return freeze([_broker_pid(stage)])


def _restart_database(stage: Stage, _fault: Fault) -> Undo:
    os.kill(stage.pid_of_postgresql(), signal.SIGINT)
    return nothing


def _crash_database(stage: Stage, _fault: Fault) -> Undo:
    """Kills the youngest of its processes; it ends all others then, and recovers from its log."""
    *_, youngest = children(stage.pid_of_postgresql())
    os.kill(youngest, signal.SIGKILL)
    return nothing


def _freeze_database(stage: Stage, _fault: Fault) -> Undo:
    postmaster = stage.pid_of_postgresql()
    thaw_postmaster = freeze([postmaster])
    thaw_backends = freeze(list(children(postmaster)))

    def thaw() -> None:
        thaw_backends()
        thaw_postmaster()

    return thaw


def _end_backends(stage: Stage, _fault: Fault) -> Undo:
    with stage.database() as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE usename = current_user AND pid <> pg_backend_pid()"
        )
    return nothing


def _fill_database(stage: Stage, fault: Fault) -> Undo:
    """Takes every connection there is, and those that are freed while it lasts."""
    held: list[psycopg.Connection[tuple[object, ...]]] = []
    until = time.monotonic() + fault.seconds
    while time.monotonic() < until:
        try:
            held.append(psycopg.connect(stage.conninfo, connect_timeout=2))
        except psycopg.OperationalError:
            time.sleep(0.1)

    def free() -> None:
        for each in held:
            each.close()

    return free


def _link(name: str, what: Callable[[Proxy], None]) -> Inject:
    def inject(stage: Stage, _fault: Fault) -> Undo:
        link = stage.links[name]
        what(link)
        return link.restore

    return inject


def _delay(link: Proxy) -> None:
    link.delay = DELAY_SECONDS


def _reset(link: Proxy) -> None:
    link.end_all(reset=True)


def _webhooks(behaviour: Behaviour) -> Inject:
    def inject(stage: Stage, _fault: Fault) -> Undo:
        stage.webhooks.behaviour = behaviour

        def mend() -> None:
            stage.webhooks.behaviour = "honest"

        return mend

    return inject


def _mail(flag: str, said: str | bool) -> Inject:
    def inject(stage: Stage, _fault: Fault) -> Undo:
        setattr(stage.mail, flag, said)
        return lambda: setattr(stage.mail, flag, type(said)())

    return inject


INJECT: Mapping[str, Inject] = {
    "process killed": _process(signal.SIGKILL),
    "process terminated": _process(signal.SIGTERM),
    "process frozen": _freeze_process,
    "pool child killed": _kill_child,
    "broker restarted": _restart_broker,
    "broker wiped": _wipe_broker,
    "broker frozen": _freeze_broker,
    "broker cut": _link("broker", Proxy.cut),
    "broker delayed": _link("broker", _delay),
    "broker reset": _link("broker", _reset),
    "broker silent": _link("broker", Proxy.silence),
    "database restarted": _restart_database,
    "database crashed": _crash_database,
    "database frozen": _freeze_database,
    "database backends ended": _end_backends,
    "database full": _fill_database,
    "database cut": _link("database", Proxy.cut),
    "database delayed": _link("database", _delay),
    "database reset": _link("database", _reset),
    "database silent": _link("database", Proxy.silence),
    "web cut": _link("web", Proxy.cut),
    "web delayed": _link("web", _delay),
    "web reset": _link("web", _reset),
    "web silent": _link("web", Proxy.silence),
    "webhooks failing": _webhooks("failing"),
    "webhooks hanging": _webhooks("silent"),
    "webhooks slow": _webhooks("trickling"),
    "webhooks garbage": _webhooks("garbage"),
    "webhooks hanging up": _webhooks("closing"),
    "webhooks flooding": _webhooks("flooding"),
    "webhooks redirecting": _webhooks("redirecting"),
    "webhooks reset": _link("webhooks", _reset),
    "mail refused": _mail("refusing", "451 4.3.0 come again later"),
    "mail hanging": _link("mail", Proxy.silence),
    "mail slow": _link("mail", _delay),
    "mail garbage": _mail("garbage", True),
    "mail cut": _link("mail", Proxy.cut),
}
