"""What an operator's tools ask of the web process: is it up, is it ready, how is it doing."""

import asyncio
import logging
import time
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING

from aiohttp.typedefs import Handler
from aiohttp.web import AppKey, Request, Response, StreamResponse, get, json_response, middleware
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from reception.domain.errors import NotFound
from reception.storage.database import Database
from reception.storage.schema import require_current
from web.addresses import address_of, is_hearsay, is_within_networks
from web.keys import CONTEXT

if TYPE_CHECKING:
    from aiohttp.web_routedef import RouteDef

log = logging.getLogger(__name__)

DATABASE_SECONDS = 2.0
LATENCY_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)


@dataclass(frozen=True)
class Metrics:
    """The figures of one web process, in a registry of its own."""

    registry: CollectorRegistry
    requests: Histogram
    refusals: Counter
    policy_violations: Counter
    bookings: Counter
    session_states: Counter
    sockets: Gauge
    hub_up: Gauge
    recording_differences: Gauge
    line_loss: Histogram
    line_round_trip: Histogram

    def line(self, role: str, *, loss: float | None, rtt_ms: float | None) -> None:
        """Note what one end of a call measured in the last seconds."""
        if loss is not None:
            self.line_loss.labels(role).observe(loss)
        if rtt_ms is not None:
            self.line_round_trip.labels(role).observe(rtt_ms / 1000)


METRICS: AppKey[Metrics] = AppKey("metrics", Metrics)


def make_metrics() -> Metrics:
    """Start all figures at zero."""
    registry = CollectorRegistry()
    return Metrics(
        registry=registry,
        requests=Histogram(
            "reception_request_seconds",
            "Time to answer a request.",
            ("method", "route", "status"),
            registry=registry,
            buckets=LATENCY_SECONDS,
        ),
        refusals=Counter(
            "reception_refusals", "Refusals answered, by code.", ("code",), registry=registry
        ),
        policy_violations=Counter(
            "reception_policy_violations",
            "Reports of browsers that something broke the content security policy.",
            registry=registry,
        ),
        bookings=Counter(
            "reception_bookings", "Bookings made, by door.", ("door",), registry=registry
        ),
        session_states=Counter(
            "reception_session_states",
            "Times a session came into a state.",
            ("state",),
            registry=registry,
        ),
        sockets=Gauge("reception_sockets", "WebSockets open now.", registry=registry),
        hub_up=Gauge("reception_hub_up", "1 while the media hub is connected.", registry=registry),
        recording_differences=Gauge(
            "reception_recording_differences",
            "Recordings that were not as the database says, last night.",
            registry=registry,
        ),
        line_loss=Histogram(
            "reception_line_loss",
            "Share of packets lost, as each end of a call reports it every 5 s.",
            ("role",),
            registry=registry,
            buckets=(0.001, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2),
        ),
        line_round_trip=Histogram(
            "reception_line_round_trip_seconds",
            "Round trip between each end of a call and the hub.",
            ("role",),
            registry=registry,
            buckets=LATENCY_SECONDS,
        ),
    )


def _route_of(request: Request) -> str:
    resource = request.match_info.route.resource
    return resource.canonical if resource is not None else "none"


@middleware
async def measure(request: Request, handler: Handler) -> StreamResponse:
    """Time every request by its route, never by its path, which would name people's cases."""
    start = time.perf_counter()
    status = 500
    try:
        response = await handler(request)
        status = response.status
        return response
    finally:
        seconds = time.perf_counter() - start
        request.app[METRICS].requests.labels(
            request.method, _route_of(request), str(status)
        ).observe(seconds)


async def healthz(request: Request) -> Response:
    """Say that the process answers."""
    return Response(text="ok\n")


async def readyz(request: Request) -> Response:
    """Say whether people can be served: the database has our schema, the media hub answers."""
    context = request.app[CONTEXT]
    answers = {
        "database": await _database_answers(context.db),
        "hub": context.live.hub_is_up,
    }
    ready = all(answers.values())
    return json_response(
        {"ready": ready, **answers},
        status=HTTPStatus.OK if ready else HTTPStatus.SERVICE_UNAVAILABLE,
    )


async def _database_answers(db: Database) -> bool:
    try:
        async with asyncio.timeout(DATABASE_SECONDS):
            await require_current(db)
    except Exception:
        # Whatever the driver raises, the answer to "ready?" is no; why is in the log.
        log.warning("the database is not ready", exc_info=True)
        return False
    return True


async def metrics(request: Request) -> Response:
    """Show the figures in Prometheus' text format, to whom they are meant for.

    Raises:
        NotFound: somebody else asks.
    """
    context = request.app[CONTEXT]
    # The address of a proxy that nobody named would open this to everybody behind it.
    if is_hearsay(request) or not is_within_networks(address_of(request), context.metrics_networks):
        raise NotFound(thing="page")
    request.app[METRICS].sockets.set(request.app[CONTEXT].live.connected)
    body = generate_latest(request.app[METRICS].registry)
    return Response(body=body, headers={"Content-Type": CONTENT_TYPE_LATEST})


def routes() -> "list[RouteDef]":
    """List the routes of this module."""
    return [get("/healthz", healthz), get("/readyz", readyz), get("/metrics", metrics)]
