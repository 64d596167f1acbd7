"""The OpenAPI 3.1 document, made from the operations themselves."""

from collections import defaultdict
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from reception.domain.errors import BadInput, NotAllowed, NotFound, NotLoggedIn
from reception.domain.kiosks import STOPS
from reception.domain.refusals import sentence
from web.api.fields import Given, Nothing
from web.api.operation import IDEMPOTENCY_KEY, JSON, PREFIX, Coded, Operation, UnsupportedMedia
from web.auth import CsrfRefused, OriginRefused, ProofNeeded
from web.errors import status_of

REF = "#/components/schemas/{model}"
PROBLEM_JSON = "application/problem+json"
_UNEXPECTED = ("internal",)
_LANGUAGE_NOTE = (
    "Times are UTC instants, days are dates and times of day are of Asia/Shanghai. Every refusal "
    "is a problem document (RFC 9457) whose `code` never changes, with a sentence in Chinese and "
    "in English. `Authorization: Bearer …` speaks for a program, `Authorization: Kiosk …` with the "
    "token of a session for a kiosk; a browser's log-in cookie works too and then needs the `X-CSRF` header on changes."
)


class Problem(Given):
    """Why something was not done."""

    type: str
    title: str
    status: int
    code: str
    zh: str
    en: str
    details: dict[str, Any]


def codes_of(operation: Operation) -> tuple[str, ...]:
    """Every refusal code this operation may answer with."""
    # Whatever is asked for, a kiosk that was stopped is told so first.
    common: list[type[Coded]] = [*STOPS]
    if operation.roles:
        common += [NotLoggedIn, NotAllowed]
    if operation.fresh:
        common.append(ProofNeeded)
    if operation.method != "GET":
        common += [CsrfRefused, OriginRefused]
    if "{" in operation.path:
        common.append(NotFound)
    if operation.body is not Nothing:
        common.append(UnsupportedMedia)
    # A query parameter or a body that is not asked for is refused as well.
    common.append(BadInput)
    codes = [kind.code for kind in (*common, *operation.errors)]
    if operation.method != "GET":
        codes.append("message_too_large")
    return tuple(dict.fromkeys((*codes, *_UNEXPECTED)))


def document(operations: Iterable[Operation], version: str) -> dict[str, Any]:
    """The whole document as JSON values."""
    operations = tuple(operations)
    refs, schemas = _schemas(operations)
    paths: dict[str, dict[str, Any]] = defaultdict(dict)
    for operation in operations:
        entry = _entry(operation, refs, schemas)
        paths[PREFIX + operation.path][operation.method.lower()] = entry
    for operation in operations:
        schemas.pop(operation.query.__name__, None)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "视频接访 video reception",
            "version": version,
            "description": _LANGUAGE_NOTE,
        },
        "paths": dict(paths),
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer"},
                "kiosk": {"type": "apiKey", "in": "header", "name": "Authorization"},
                "session": {"type": "apiKey", "in": "cookie", "name": "sid"},
            },
        },
    }


_Refs = dict[tuple[type[BaseModel], JsonSchemaMode], dict[str, Any]]


def _schemas(operations: tuple[Operation, ...]) -> tuple[_Refs, dict[str, Any]]:
    """References to all models, and the schemas they refer to."""
    wanted: dict[tuple[type[BaseModel], JsonSchemaMode], None] = {(Problem, "serialization"): None}
    for operation in operations:
        wanted[operation.query, "validation"] = None
        wanted[operation.body, "validation"] = None
        if operation.response is not None:
            wanted[operation.response, "serialization"] = None
    refs, definitions = models_json_schema(list(wanted), ref_template=REF)
    by_model = {
        (kind, mode): ref for (kind, mode), ref in refs.items() if issubclass(kind, BaseModel)
    }
    return by_model, definitions["$defs"]


def _entry(operation: Operation, refs: _Refs, schemas: dict[str, Any]) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "operationId": operation.name,
        "tags": [operation.group],
        "summary": operation.summary,
        "description": _description(operation),
        "parameters": _parameters(operation, schemas),
        "responses": _responses(operation, refs),
        "security": [{"bearer": []}, {"kiosk": []}, {"session": []}] if operation.roles else [],
    }
    if operation.body is not Nothing:
        schema = refs[operation.body, "validation"]
        entry["requestBody"] = {"required": True, "content": {JSON: {"schema": schema}}}
    return entry


def _description(operation: Operation) -> str:
    if not operation.roles:
        return operation.description
    roles = ", ".join(sorted(role.value for role in operation.roles))
    return f"{operation.description}\n\nRoles: {roles}."


def _parameters(operation: Operation, schemas: dict[str, Any]) -> list[dict[str, Any]]:
    ids = [part[1:-1] for part in operation.path.split("/") if part.startswith("{")]
    parameters: list[dict[str, Any]] = [
        {
            "name": name,
            "in": "path",
            "required": True,
            "schema": {"type": "string", "pattern": "^[0-9a-f]{32}$"},
        }
        for name in ids
    ]
    query = schemas[operation.query.__name__]
    parameters += [
        {
            "name": name,
            "in": "query",
            "required": name in query.get("required", ()),
            "schema": schema,
        }
        for name, schema in query.get("properties", {}).items()
    ]
    if operation.idempotent:
        parameters.append(
            {
                "name": IDEMPOTENCY_KEY,
                "in": "header",
                "required": False,
                "description": "The same key with the same body gives the stored result again.",
                "schema": {"type": "string", "minLength": 1, "maxLength": 200},
            }
        )
    return parameters


def _responses(operation: Operation, refs: _Refs) -> dict[str, Any]:
    done: dict[str, Any] = {"description": operation.status.phrase}
    if operation.response is not None:
        done["content"] = {JSON: {"schema": refs[operation.response, "serialization"]}}
    responses: dict[str, Any] = {str(operation.status.value): done}
    by_status: dict[HTTPStatus, list[str]] = defaultdict(list)
    for code in codes_of(operation):
        by_status[status_of(code)].append(code)
    for status, codes in sorted(by_status.items()):
        responses[str(status.value)] = _refusal(codes, refs)
    return responses


def _refusal(codes: list[str], refs: _Refs) -> dict[str, Any]:
    problem = refs[Problem, "serialization"]
    schema = {"allOf": [problem, {"properties": {"code": {"enum": codes}}}]}
    words = "\n".join(f"- `{code}`: {sentence(code, 'en', {})}" for code in codes)
    return {"description": words, "content": {PROBLEM_JSON: {"schema": schema}}}
