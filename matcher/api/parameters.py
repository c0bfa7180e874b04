"""Query parameters that a route does not have are refused: `?stat=open` would otherwise list everything."""

from collections import Counter

from fastapi import Request
from fastapi.dependencies.utils import get_flat_params
from fastapi.params import Query

from matcher.errors import Fault, Invalid

# What gateways add to the address they were given is theirs.
LENIENT = "/v1/callbacks/"


async def known_parameters(request: Request) -> None:
    """Raises Invalid for a parameter that the route has not, or that is given twice.

    Only below /v1: links to pages get parameters on their way, as from those who count clicks.
    """
    path = request.url.path
    if not request.url.query or not path.startswith("/v1/") or path.startswith(LENIENT):
        return
    parameters = get_flat_params(request.scope["route"].dependant)
    known = [each.alias for each in parameters if isinstance(each.field_info, Query)]
    has = f"It has: {', '.join(known)}." if known else "It has none."
    given = Counter(name for name, _ in request.query_params.multi_items())
    faults = [Fault(name, "no parameter of this address", has) for name in given if name not in known]
    faults += [
        Fault(name, f"given {count} times", "Give it once.")
        for name, count in given.items()
        if count > 1 and name in known
    ]
    if faults:
        raise Invalid(*faults)
