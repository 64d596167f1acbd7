"""What browsers report of our content security policy: something got into a page, or we broke it."""

import json
import logging
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from aiohttp.web import AppKey, Request, Response, post

from web.headers import REPORTS_PATH
from web.keys import CONTEXT
from web.ops import METRICS

if TYPE_CHECKING:
    from aiohttp.web_routedef import RouteDef

log = logging.getLogger(__name__)

LONGEST_REPORT: Final = 16 * 1024
LOGGED_A_MINUTE: Final = 10
_MEDIA_TYPES: Final = ("application/reports+json", "application/csp-report")


class ReportLog:
    """Lets so many lines a minute into the log: anybody can send reports, as many as they like."""

    def __init__(self) -> None:
        self._minute = 0.0
        self._logged = 0

    def has_room(self, monotonic: float) -> bool:
        """Tell whether one more line may be written now, and count it."""
        if monotonic - self._minute >= 60:
            self._minute, self._logged = monotonic, 0
        self._logged += 1
        return self._logged <= LOGGED_A_MINUTE


REPORT_LOG: AppKey[ReportLog] = AppKey("report_log", ReportLog)


async def take(request: Request) -> Response:
    """Count what is reported, and log which rule which page broke; what cannot be read is dropped."""
    done = Response(status=204)
    if request.content_type not in _MEDIA_TYPES:
        return done
    raw = await request.read()
    if len(raw) > LONGEST_REPORT:
        return done
    for directive, path in _violations(raw):
        request.app[METRICS].policy_violations.inc()
        if request.app[REPORT_LOG].has_room(request.app[CONTEXT].clock.monotonic()):
            log.warning("content security policy: %s broken at %s", directive, path)
    return done


def _violations(raw: bytes) -> Iterator[tuple[str, str]]:
    """Read both forms (CSP level 2, Reporting API): which directive, and at which of our pages.

    Nothing else is kept: addresses and samples may hold what somebody typed.
    """
    try:
        told = json.loads(raw)
    except (ValueError, RecursionError):
        return
    for report in told if isinstance(told, list) else [told]:
        if not isinstance(report, dict):
            continue
        body: Any = report.get("body") or report.get("csp-report")
        if not isinstance(body, dict):
            continue
        directive = body.get("effectiveDirective") or body.get("effective-directive")
        page = body.get("documentURL") or body.get("document-uri")
        if isinstance(directive, str) and isinstance(page, str):
            yield _word(directive), _word(_first_part(page))


def _first_part(url: str) -> str:
    """Return the first part of a page's path: the rest may be an id."""
    try:
        return urlsplit(url).path.strip("/").split("/")[0]
    except ValueError:
        return ""


def _word(text: str) -> str:
    return "".join(one for one in text[:40] if one.isascii() and (one.isalnum() or one == "-"))


def routes() -> "list[RouteDef]":
    """List the routes of this module."""
    return [post(REPORTS_PATH, take)]
