"""Every error over HTTP is a problem+json document (RFC 9457), or a page where people follow links."""

from collections.abc import Sequence
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from psycopg.errors import ReadOnlySqlTransaction
from pydantic import BaseModel, Field
from pydantic.json_schema import models_json_schema
from sqlalchemy.exc import InternalError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException
from starlette.types import Scope

from matcher.api.problem_page import asks_for_page, problem_page
from matcher.errors import Fault, Invalid, MatcherError, NotJson, Unauthenticated, Unavailable
from matcher.faults import faults_of
from matcher.store.session import PerhapsCommitted


class FaultView(BaseModel):
    path: str = Field(description="dotted path of the field, empty for the whole body")
    message: str
    remedy: str


class Problem(BaseModel):
    """An RFC 9457 problem: `type` is stable, `faults` names each wrong field and what would be right."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    faults: list[FaultView] = []


RESPONSES: dict[int | str, dict[str, Any]] = {
    "4XX": {
        "description": "What is wrong, where, and what would be right",
        "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
}


# FastAPI describes only what handlers return; the description adds these.
SCHEMAS: dict[str, Any] = models_json_schema(
    [(Problem, "serialization")], ref_template="#/components/schemas/{model}"
)[1]["$defs"]


class ProblemResponse(JSONResponse):
    media_type = "application/problem+json"


def problem(error: MatcherError, scope: Scope) -> Response:
    """The answer to the request of this ASGI scope."""
    faults = error.faults if isinstance(error, Invalid) else ()
    return _response(error.kind, error.title, error.status, str(error), scope, faults)


def _response(
    kind: str, title: str, status: int, detail: str, scope: Scope, faults: Sequence[Fault] = ()
) -> Response:
    headers = {}
    if status == Unauthenticated.status:
        headers["WWW-Authenticate"] = "Bearer"
    if status == Unavailable.status:
        headers["Retry-After"] = "2"
    if asks_for_page(scope):
        return problem_page(status, headers, scope)
    content = Problem(
        type=f"urn:harvest-matcher:problem:{kind}",
        title=title,
        status=status,
        detail=detail,
        instance=scope["path"],
        faults=[FaultView(path=f.path, message=f.message, remedy=f.remedy) for f in faults],
    )
    return ProblemResponse(content.model_dump(), status_code=status, headers=headers)


def install(app: FastAPI) -> None:
    """Registers the handlers; an error that none of them knows stays a 500, and is ours to mend."""

    @app.exception_handler(MatcherError)
    def matcher_error(request: Request, error: MatcherError) -> Response:
        return problem(error, request.scope)

    @app.exception_handler(RequestValidationError)
    def validation_error(request: Request, error: RequestValidationError) -> Response:
        # FastAPI hands over the bytes themselves where the Content-Type is not JSON's.
        if isinstance(error.body, bytes) and error.body:
            return problem(NotJson("Send JSON, with `Content-Type: application/json`."), request.scope)
        return problem(Invalid(*faults_of(error.errors())), request.scope)

    @app.exception_handler(OperationalError)
    @app.exception_handler(PoolTimeout)
    def database_away(request: Request, _error: Exception) -> Response:
        away = Unavailable("The database does not answer just now; nothing was changed.")
        return problem(away, request.scope)

    @app.exception_handler(PerhapsCommitted)
    def perhaps_done(request: Request, _error: Exception) -> Response:
        lost = Unavailable(
            "The database went away at the last moment. This may have been done: repeat it with its "
            "Idempotency-Key."
        )
        return problem(lost, request.scope)

    @app.exception_handler(InternalError)
    def database_reads_only(request: Request, error: InternalError) -> Response:
        if not isinstance(error.orig, ReadOnlySqlTransaction):
            return unforeseen(request, error)
        frozen = Unavailable("The database takes no changes just now; nothing was changed.")
        return problem(frozen, request.scope)

    @app.exception_handler(HTTPException)
    def http_error(request: Request, error: HTTPException) -> Response:
        title = str(error.detail)
        return _response(f"http-{error.status_code}", title, error.status_code, title, request.scope)

    @app.exception_handler(Exception)
    def unforeseen(request: Request, _error: Exception) -> Response:
        detail = "This is our fault, and it is in our log; nothing was changed."
        return _response("internal", "Unforeseen error", 500, detail, request.scope)
