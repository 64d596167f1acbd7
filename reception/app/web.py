"""The web process: pages, API, signaling and the job ticker around one database."""

import asyncio
import logging
import os
import ssl
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from importlib.metadata import version
from pathlib import Path

from aiohttp.web import AppRunner

from reception.app.audit import CheckpointBook, verifier_of
from reception.app.certificates import tls_context
from reception.app.jobs import JobRunner
from reception.app.keys import open_database, secret_files, suite_of
from reception.app.processes import stop_on_signals, stop_with_parent
from reception.app.recordings import RecordingWork, open_recording_key
from reception.app.turn import turn_server
from reception.domain.passwords import Profile
from reception.settings import Settings
from scheduler.clock import SystemClock
from scheduler.runner import Ticker
from signaling.engine import EngineEvent, HubDown, HubUp
from signaling.hub.remote import RemoteEngine
from signaling.tasks import Supervisor
from web.addresses import networks
from web.app import create_app
from web.connections import listen
from web.keys import WebContext
from web.live import LiveRooms
from web.ops import METRICS, Metrics

log = logging.getLogger(__name__)


async def run_web(settings: Settings, hub_socket: Path) -> None:
    """Serve until told to stop; then tell the rooms, finish what is being answered and end."""
    stop = asyncio.Event()
    stop_on_signals(stop)
    tasks = Supervisor("web process")
    tasks.start(stop_with_parent(stop), name="parent")
    clock = SystemClock()
    db = open_database(settings)
    recording_key, files = open_recording_key(settings), secret_files(settings)
    engine = RemoteEngine(hub_socket)
    live = LiveRooms(db, clock, engine, tasks)
    context = WebContext(
        db=db,
        clock=clock,
        live=live,
        engine=engine,
        data_root=settings.data,
        base_url=settings.base_url,
        secure_cookies=settings.base_url.startswith("https://"),
        version=version("video-reception"),
        password_profile=Profile(settings.password_profile),
        audit_verifier=partial(verifier_of, settings.data, files),
        second_factor_required=settings.second_factor == "required",
        turn=turn_server(settings),
        scanner=Path(settings.scanner) if settings.scanner else None,
        unwrap=recording_key.unwrap,
        trusted_proxies=networks(settings.trusted_proxies),
        metrics_networks=networks(settings.metrics_from),
    )
    app = create_app(context)
    live.observers.append(_hub_gauge(app[METRICS]))
    # Nobody needs to send us compressed bodies, and a small one can grow to fill the memory.
    runner = AppRunner(
        app, access_log=None, shutdown_timeout=2.0, lingering_time=2.0, auto_decompress=False
    )
    book = CheckpointBook(db, clock, settings.data, files, suite_of(settings))
    work = RecordingWork(db, clock, settings.data, recording_key, files)
    jobs = JobRunner(db, clock, work, live, book)
    jobs.on_compared = lambda found: app[METRICS].recording_differences.set(len(found))
    ticker = Ticker(clock, jobs.tick)
    closing = ExitStack()
    try:
        await runner.setup()
        live.start()
        server = await listen(runner, settings.host, settings.port, tls=_tls(settings))
        closing.callback(server.close)
        ticker.start()
        log.info("web server listens on %s:%s (pid %s)", settings.host, settings.port, os.getpid())
        await stop.wait()
    finally:
        closing.close()
        await ticker.close()
        await live.close()
        await runner.cleanup()
        await jobs.close()
        await tasks.close()
        await engine.close()
        await db.close()


def _tls(settings: Settings) -> ssl.SSLContext | None:
    return tls_context(settings) if settings.https else None


def _hub_gauge(metrics: Metrics) -> Callable[[EngineEvent], None]:
    def observe(event: EngineEvent) -> None:
        match event:
            case HubUp():
                metrics.hub_up.set(1)
            case HubDown():
                metrics.hub_up.set(0)
            case _:
                pass

    return observe
