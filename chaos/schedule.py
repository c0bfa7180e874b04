"""Which fault happens when, to what, and for how long: the same list for the same seed."""

import random
from dataclasses import dataclass

PROCESSES = ("web", "clearing", "standing", "notices", "housekeeping", "scheduler")
# Longer than a lock may be waited for, a broker be silent, or a delivery be held by a worker.
LONG_FREEZE_SECONDS = 24.0
LONG_FREEZE_SHARE = 0.05
FIRST_FAULT_AT = 2.0


@dataclass(frozen=True)
class Kind:
    """What it can happen to; it lasts `shortest` to `longest` s, then the target rests for `rest` s."""

    targets: tuple[str, ...]
    weight: int
    shortest: float = 0.0
    longest: float = 0.0
    rest: float = 1.0


KINDS = {
    "process killed": Kind(PROCESSES, 6, rest=6.0),
    "process terminated": Kind(PROCESSES, 4, rest=6.0),
    "process frozen": Kind(PROCESSES, 5, 2.0, 7.0, rest=2.0),
    "pool child killed": Kind(("clearing", "housekeeping"), 4, rest=2.0),
    "broker restarted": Kind(("broker",), 2, rest=4.0),
    "broker wiped": Kind(("broker",), 6),
    "broker frozen": Kind(("broker",), 3, 1.0, 7.0),
    "broker cut": Kind(("broker link",), 3, 0.5, 3.0),
    "broker delayed": Kind(("broker link",), 3, 1.0, 4.0),
    "broker reset": Kind(("broker link",), 6),
    "broker silent": Kind(("broker link",), 3, 1.0, 6.0),
    "database restarted": Kind(("database",), 2, rest=12.0),
    "database crashed": Kind(("database",), 2, rest=12.0),
    "database frozen": Kind(("database",), 3, 1.0, 4.0, rest=2.0),
    "database backends ended": Kind(("database",), 6),
    "database full": Kind(("database",), 3, 1.0, 3.0, rest=2.0),
    "database cut": Kind(("database link",), 3, 0.5, 2.0, rest=2.0),
    "database delayed": Kind(("database link",), 3, 1.0, 4.0),
    "database reset": Kind(("database link",), 6),
    "database silent": Kind(("database link",), 3, 1.0, 4.0, rest=2.0),
    "web cut": Kind(("web link",), 3, 0.5, 2.0, rest=2.0),
    "web delayed": Kind(("web link",), 3, 1.0, 4.0),
    "web reset": Kind(("web link",), 6),
    "web silent": Kind(("web link",), 3, 1.0, 4.0, rest=2.0),
    "webhooks failing": Kind(("webhooks",), 3, 1.0, 4.0),
    "webhooks hanging": Kind(("webhooks",), 2, 1.0, 4.0),
    "webhooks slow": Kind(("webhooks",), 2, 1.0, 4.0),
    "webhooks garbage": Kind(("webhooks",), 2, 1.0, 4.0),
    "webhooks hanging up": Kind(("webhooks",), 2, 1.0, 4.0),
    "webhooks flooding": Kind(("webhooks",), 2, 1.0, 4.0),
    "webhooks redirecting": Kind(("webhooks",), 2, 1.0, 4.0),
    "webhooks reset": Kind(("webhooks",), 4),
    "mail refused": Kind(("mail",), 3, 1.0, 4.0),
    "mail hanging": Kind(("mail",), 2, 1.0, 4.0),
    "mail slow": Kind(("mail",), 2, 1.0, 4.0),
    "mail garbage": Kind(("mail",), 2, 1.0, 4.0),
    "mail cut": Kind(("mail",), 2, 1.0, 4.0),
}


@dataclass(frozen=True)
class Fault:
    """What happens `at` seconds after the start, to what, and how long; 0 is a blow that needs no end."""

    at: float
    kind: str
    target: str
    seconds: float


def schedule(seed: int, seconds: float, count: int) -> list[Fault]:
    """`count` faults within `seconds`, in order of time; every kind is among the first, room permitting.

    A target is never under two faults at once; different ones often are. There are fewer than `count`
    where every target was busy.
    """
    chance = random.Random(seed)  # noqa: S311  # wants to be repeated, not secret
    unseen = list(KINDS)
    chance.shuffle(unseen)
    free_at: dict[str, float] = {}
    faults: list[Fault] = []
    step = (seconds - FIRST_FAULT_AT) / count
    for place in range(count):
        at = round(FIRST_FAULT_AT + (place + chance.random()) * step, 2)
        open_now = [name for name in KINDS if _free(name, at, free_at)]
        if not open_now:
            continue
        new = [name for name in unseen if name in open_now]
        name = new[0] if new else chance.choices(open_now, [KINDS[each].weight for each in open_now])[0]
        if new:
            unseen.remove(name)
        target = chance.choice(_free(name, at, free_at))
        lasts = _length(name, chance)
        if at + lasts <= seconds:
            free_at[target] = at + lasts + KINDS[name].rest
            faults.append(Fault(at, name, target, lasts))
    return faults


def _free(name: str, at: float, free_at: dict[str, float]) -> list[str]:
    return [target for target in KINDS[name].targets if free_at.get(target, 0.0) <= at]


def _length(name: str, chance: random.Random) -> float:
    kind = KINDS[name]
    if name == "process frozen" and chance.random() < LONG_FREEZE_SHARE:
        return LONG_FREEZE_SECONDS
    return round(chance.uniform(kind.shortest, kind.longest), 2)
