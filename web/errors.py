"""What a refusal looks like over HTTP: one table of statuses, one page, one problem document."""

import json
import logging
from collections.abc import Mapping
from http import HTTPStatus
from urllib.parse import quote

from aiohttp.typedefs import Handler
from aiohttp.web import (
    HTTPException,
    HTTPMethodNotAllowed,
    HTTPRequestEntityTooLarge,
    HTTPUnsupportedMediaType,
    Request,
    Response,
    StreamResponse,
    middleware,
)

import recordings.errors
import scheduler.errors
import signaling.errors
from reception.domain.errors import NotFound, NotLoggedIn, Refused
from reception.domain.refusals import sentence
from web import turned_away
from web.auth import (
    PasswordChangeNeeded,
    ProofNeeded,
    SecondFactorNeeded,
    page_of,
    treat_as_unknown,
    who,
)
from web.i18n import language_of
from web.ops import METRICS
from web.render import page

AnyRefused = (
    Refused,
    recordings.errors.Refused,
    scheduler.errors.Refused,
    signaling.errors.Refused,
)
"""Each part refuses by a class of its own, all with `code` and `details`."""

log = logging.getLogger(__name__)

STATUS: Mapping[str, HTTPStatus] = {
    "bad_input": HTTPStatus.BAD_REQUEST,
    "bad_message": HTTPStatus.BAD_REQUEST,
    "bad_version": HTTPStatus.BAD_REQUEST,
    "unknown_type": HTTPStatus.BAD_REQUEST,
    "sdp_refused": HTTPStatus.BAD_REQUEST,
    "not_logged_in": HTTPStatus.UNAUTHORIZED,
    "bad_credentials": HTTPStatus.UNAUTHORIZED,
    "kiosk_proof_refused": HTTPStatus.UNAUTHORIZED,
    "csrf_refused": HTTPStatus.FORBIDDEN,
    "kiosk_address": HTTPStatus.FORBIDDEN,
    "kiosk_awaiting": HTTPStatus.FORBIDDEN,
    "kiosk_closed": HTTPStatus.FORBIDDEN,
    "kiosk_code_refused": HTTPStatus.FORBIDDEN,
    "kiosk_misplaced": HTTPStatus.FORBIDDEN,
    "kiosk_quarantined": HTTPStatus.FORBIDDEN,
    "kiosk_revoked": HTTPStatus.FORBIDDEN,
    "kiosk_unenrolled": HTTPStatus.FORBIDDEN,
    "not_admitted": HTTPStatus.FORBIDDEN,
    "not_allowed": HTTPStatus.FORBIDDEN,
    "password_change_needed": HTTPStatus.FORBIDDEN,
    "second_factor_needed": HTTPStatus.FORBIDDEN,
    "proof_needed": HTTPStatus.FORBIDDEN,
    "origin_refused": HTTPStatus.FORBIDDEN,
    "playback_ended": HTTPStatus.FORBIDDEN,
    "ticket_expired": HTTPStatus.FORBIDDEN,
    "ticket_invalid": HTTPStatus.FORBIDDEN,
    "ticket_used": HTTPStatus.FORBIDDEN,
    "code_unknown": HTTPStatus.NOT_FOUND,
    "not_found": HTTPStatus.NOT_FOUND,
    "no_such_room": HTTPStatus.NOT_FOUND,
    "recording_missing": HTTPStatus.NOT_FOUND,
    "method_not_allowed": HTTPStatus.METHOD_NOT_ALLOWED,
    "check_in_closed": HTTPStatus.CONFLICT,
    "consent_needed": HTTPStatus.CONFLICT,
    "day_not_published": HTTPStatus.CONFLICT,
    "attachment_too_large": HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    "attachments_full": HTTPStatus.CONFLICT,
    "case_held": HTTPStatus.CONFLICT,
    "attachment_kind": HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    "attachment_damaged": HTTPStatus.UNPROCESSABLE_ENTITY,
    "attachment_unsafe": HTTPStatus.UNPROCESSABLE_ENTITY,
    "scanner_away": HTTPStatus.SERVICE_UNAVAILABLE,
    "request_too_slow": HTTPStatus.REQUEST_TIMEOUT,
    "move_refused": HTTPStatus.CONFLICT,
    "moved_elsewhere": HTTPStatus.CONFLICT,
    "moved_meanwhile": HTTPStatus.CONFLICT,
    "rated_already": HTTPStatus.CONFLICT,
    "recording_busy": HTTPStatus.CONFLICT,
    "recording_damaged": HTTPStatus.CONFLICT,
    "recording_key_missing": HTTPStatus.CONFLICT,
    "seal_broken": HTTPStatus.CONFLICT,
    "seat_taken": HTTPStatus.CONFLICT,
    "session_over": HTTPStatus.CONFLICT,
    "site_full": HTTPStatus.CONFLICT,
    "leader_absent": HTTPStatus.CONFLICT,
    "stand_in_busy": HTTPStatus.CONFLICT,
    "slot_not_bookable": HTTPStatus.CONFLICT,
    "leader_concerned": HTTPStatus.CONFLICT,
    "agent_not_authorised": HTTPStatus.CONFLICT,
    "no_reception_today": HTTPStatus.CONFLICT,
    "already_booked": HTTPStatus.CONFLICT,
    "slot_taken": HTTPStatus.CONFLICT,
    "stale_generation": HTTPStatus.CONFLICT,
    "message_too_large": HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    "unsupported_media": HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    "range_unsatisfiable": HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE,
    "idempotency_mismatch": HTTPStatus.UNPROCESSABLE_ENTITY,
    "outcome_incomplete": HTTPStatus.UNPROCESSABLE_ENTITY,
    "rule_unknown": HTTPStatus.UNPROCESSABLE_ENTITY,
    "year_not_loaded": HTTPStatus.UNPROCESSABLE_ENTITY,
    "rate_limited": HTTPStatus.TOO_MANY_REQUESTS,
    "too_many_attempts": HTTPStatus.TOO_MANY_REQUESTS,
    "volume_exceeded": HTTPStatus.TOO_MANY_REQUESTS,
    "internal": HTTPStatus.INTERNAL_SERVER_ERROR,
    "engine_down": HTTPStatus.SERVICE_UNAVAILABLE,
    "wall_missing": HTTPStatus.SERVICE_UNAVAILABLE,
    "schema_missing": HTTPStatus.SERVICE_UNAVAILABLE,
    "schema_too_new": HTTPStatus.SERVICE_UNAVAILABLE,
    "try_again": HTTPStatus.SERVICE_UNAVAILABLE,
}
_SET_UP: Mapping[str, str] = {
    PasswordChangeNeeded.code: "/me/password",
    SecondFactorNeeded.code: "/me/factor",
}
"""Where a person goes whose account has to be set up first."""
_CODE_OF_HTTP: Mapping[type[HTTPException], str] = {
    HTTPMethodNotAllowed: "method_not_allowed",
    HTTPRequestEntityTooLarge: "message_too_large",
    HTTPUnsupportedMediaType: "unsupported_media",
}


def status_of(code: str) -> HTTPStatus:
    """Tell the HTTP status of a refusal; 400 for a code that has no row of its own."""
    return STATUS.get(code, HTTPStatus.BAD_REQUEST)


def wants_json(request: Request) -> bool:
    """Tell whether the caller is a program (the API, a fetch) and not a person's browser window."""
    accept = request.headers.get("Accept", "")
    return request.path.startswith("/api/") or "application/json" in accept


def problem(code: str, details: Mapping[str, object]) -> Response:
    """Make the RFC 9457 problem document of a refusal."""
    status = status_of(code)
    body = {
        "type": f"urn:video-reception:refusal:{code}",
        "title": status.phrase,
        "status": status.value,
        "code": code,
        "zh": sentence(code, "zh", details),
        "en": sentence(code, "en", details),
        "details": dict(details),
    }
    return Response(
        status=status.value,
        text=json.dumps(body, ensure_ascii=False, default=str),
        content_type="application/problem+json",
    )


async def refusal(request: Request, code: str, details: Mapping[str, object]) -> StreamResponse:
    """Answer a refusal in the form and language the caller reads.

    A person who opens a page without having logged in is sent to the log-in page instead, and one
    whose proof is too old to where they prove again who they are.
    """
    request.app[METRICS].refusals.labels(code).inc()
    if wants_json(request):
        response = problem(code, details)
    elif code == NotLoggedIn.code and request.method in ("GET", "HEAD"):
        target = f"/login?next={quote(request.path, safe='/')}"
        return Response(status=HTTPStatus.SEE_OTHER.value, headers={"Location": target})
    elif code in _SET_UP and request.method in ("GET", "HEAD"):
        return Response(status=HTTPStatus.SEE_OTHER.value, headers={"Location": _SET_UP[code]})
    elif code == ProofNeeded.code:
        target = f"/confirm?next={quote(page_of(request), safe='/')}"
        return Response(status=HTTPStatus.SEE_OTHER.value, headers={"Location": target})
    else:
        words = sentence(code, language_of(request), details)
        response = await page(
            request, "error.html", status=status_of(code).value, code=code, sentence=words
        )
    tell_when_to_retry(response, details)
    return response


def tell_when_to_retry(response: StreamResponse, details: Mapping[str, object]) -> None:
    """Put how long to wait into the header that programs read, where a refusal says so."""
    if "retry_seconds" in details:
        response.headers["Retry-After"] = str(details["retry_seconds"])


async def _note(request: Request, code: str) -> None:
    """Write down who was turned away; where that cannot be, the refusal is answered all the same."""
    if code not in turned_away.CODES:
        return
    try:
        found = await who(request)
        if found is not None:
            await turned_away.note(request, found.actor, code)
    except Refused:
        return
    except Exception:
        log.exception("a refusal was not written down")


@middleware
async def answer_refusals(request: Request, handler: Handler) -> StreamResponse:
    """Turn every refusal, HTTP error and bug of the handlers into an answer."""
    try:
        return await handler(request)
    except AnyRefused as refused:
        await _note(request, refused.code)
        return await refusal(request, refused.code, refused.details)
    except HTTPException as error:
        if error.status < HTTPStatus.BAD_REQUEST:
            raise
        code = _CODE_OF_HTTP.get(type(error), NotFound.code if error.status == 404 else "bad_input")
        answer = await refusal(request, code, {})
        if isinstance(error, HTTPMethodNotAllowed):
            answer.headers["Allow"] = error.headers["Allow"]
        return answer
    except Exception:
        # The edge: a bug becomes a page that says so, and a traceback in the log.
        log.exception("unhandled error at %s %s", request.method, request.path)
        treat_as_unknown(request)
        return await refusal(request, "internal", {})
