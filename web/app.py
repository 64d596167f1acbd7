"""The web application: every route, and what stands before and behind all of them."""

from aiohttp.web import Application

from web import api, ops, socket, static_files
from web.auth import refuse_forged
from web.connections import CONNECTIONS, keep_time, read_in_time
from web.doors import DOORS, Doors
from web.errors import answer_refusals
from web.headers import install_headers
from web.i18n import CATALOGUE, keep_language, load_catalogue
from web.keys import CONTEXT, WebContext
from web.pages import (
    accounts,
    admin,
    agents,
    attachments,
    audit,
    booking,
    case_files,
    cases,
    clerk,
    declines,
    delegation,
    keeping,
    kiosk,
    kiosks,
    leader,
    login,
    me,
    planning,
    public,
    queue,
    recordings,
    reports,
    room,
    waiting,
)
from web.render import RENDERER, STATIC_ROOT, hash_static, make_renderer
from web.turned_away import TURNED_AWAY, TurnedAway

BODY_LIMIT_BYTES = 256 * 1024
_MODULES = (
    accounts,
    admin,
    agents,
    api,
    attachments,
    audit,
    booking,
    case_files,
    cases,
    clerk,
    declines,
    delegation,
    keeping,
    kiosk,
    kiosks,
    leader,
    login,
    me,
    ops,
    planning,
    public,
    queue,
    recordings,
    reports,
    room,
    socket,
    waiting,
)


def create_app(context: WebContext) -> Application:
    """Make the application for one running program; it holds no state of its own."""
    app = Application(
        middlewares=[
            keep_time,
            ops.measure,
            keep_language,
            answer_refusals,
            read_in_time,
            refuse_forged,
        ],
        client_max_size=BODY_LIMIT_BYTES,
    )
    app[CONTEXT] = context
    app[CATALOGUE] = load_catalogue()
    app[RENDERER] = make_renderer(app[CATALOGUE], hash_static())
    app[ops.METRICS] = ops.make_metrics()
    app[CONNECTIONS] = []
    app[DOORS] = Doors()
    app[TURNED_AWAY] = TurnedAway()
    app[reports.REPORT_LOG] = reports.ReportLog()
    install_headers(app)
    for module in _MODULES:
        app.add_routes(module.routes())
    app.add_routes(static_files.routes(STATIC_ROOT))
    return app
