"""The security headers of every answer, put on just before it is sent."""

from aiohttp.web import Application, Request, StreamResponse

from web.keys import CONTEXT

REPORTS_PATH = "/csp-reports"
CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "font-src 'self'",
        "media-src 'self' blob:",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
        "object-src 'none'",
        "require-trusted-types-for 'script'",
        f"report-uri {REPORTS_PATH}",
    )
)
# Only these pages hold a talk; on all others the browser refuses camera and microphone outright.
TALKING_PATHS = ("/kiosk", "/room")
A_DAY = 24 * 60 * 60
A_YEAR = 365 * A_DAY


def content_security_policy(*, secure: bool) -> str:
    """Return the policy of every page.

    The Reporting API takes reports over HTTPS only, and a browser that knows `report-to` does not
    look at `report-uri`: over plain HTTP it would report nothing.
    """
    return f"{CONTENT_SECURITY_POLICY}; report-to csp" if secure else CONTENT_SECURITY_POLICY


def permissions_policy(path: str) -> str:
    """Tell which devices the page at `path` may use."""
    talks = any(path == start or path.startswith(f"{start}/") for start in TALKING_PATHS)
    devices = "(self)" if talks else "()"
    return f"camera={devices}, microphone={devices}, geolocation=(), display-capture=(), usb=()"


def cache_control(request: Request) -> str:
    """Tell how long an answer may be kept: hashed static files for ever, pages not at all."""
    if not request.path.startswith("/static/"):
        return "no-store"
    if "v" in request.query:
        return f"public, max-age={A_YEAR}, immutable"
    if request.path.startswith("/static/vendor/"):
        # A page needs some twenty slices of the font; they change with a new installation only.
        return f"public, max-age={A_DAY}"
    # Files named by other files (a module's import) carry no hash: ask again each time.
    return "no-cache"


async def _put_headers(request: Request, response: StreamResponse) -> None:
    headers = response.headers
    secure = request.app[CONTEXT].secure_cookies
    headers.setdefault("Content-Security-Policy", content_security_policy(secure=secure))
    headers.setdefault("Permissions-Policy", permissions_policy(request.path))
    headers.setdefault("Cache-Control", cache_control(request))
    headers["X-Content-Type-Options"] = "nosniff"
    headers["Cross-Origin-Opener-Policy"] = "same-origin"
    headers["Cross-Origin-Resource-Policy"] = "same-origin"
    # Not `no-referrer`: with it a browser sends `Origin: null` with every form (Fetch 3.2), and
    # over plain HTTP, where Sec-Fetch-Site is absent too, no form could be told from a forged one.
    headers["Referrer-Policy"] = "same-origin"
    headers["Server"] = "reception"
    if secure:
        headers["Reporting-Endpoints"] = f'csp="{REPORTS_PATH}"'
        headers["Strict-Transport-Security"] = f"max-age={A_YEAR}"


def install_headers(app: Application) -> None:
    """Put the headers on every answer of `app`: pages, refusals, files and streams alike."""
    app.on_response_prepare.append(_put_headers)
