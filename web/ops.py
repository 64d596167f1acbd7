"""What an operator's tools ask of the web process: is it up, is it ready, how is it doing."""

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aiohttp.typedefs import Handler
from aiohttp.web import AppKey, Request, Response, StreamResponse, get, middleware
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

if TYPE_CHECKING:
    from aiohttp.web_routedef import RouteDef

LATENCY_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)


@dataclass(frozen=True)
class Metrics:
    """The figures of one web process, in a registry of its own."""

    registry: CollectorRegistry
    requests: Histogram
    refusals: Counter
    bookings: Counter
    session_states: Counter
    sockets: Gauge
    hub_up: Gauge


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


async def metrics(request: Request) -> Response:
    """Show the figures in Prometheus' text format."""
    body = generate_latest(request.app[METRICS].registry)
    return Response(body=body, headers={"Content-Type": CONTENT_TYPE_LATEST})


def routes() -> "list[RouteDef]":
    """List the routes of this module."""
    return [get("/healthz", healthz), get("/metrics", metrics)]
