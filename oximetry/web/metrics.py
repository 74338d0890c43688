"""``/metrics`` for Prometheus, behind ``METRICS_TOKEN``: answers, their times, and what ``/readyz`` knows as numbers.

Any process answers for all of them, on whatever host: counts stand in the database, under each process's name.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from time import perf_counter
from typing import Any

from flask import Blueprint, Flask, Response, g, request
from flask.typing import ResponseReturnValue
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from oximetry.domain.heartbeats import Heartbeat
from oximetry.services.operations.metering import BOUNDS_S, METER_BEATS, RequestMeter
from oximetry.services.operations.readiness import Readiness
from oximetry.web.routes import is_bearer
from oximetry.web.services import WebServices

PATH = "/metrics"
_UNCOUNTED = (PATH, "/healthz", "/readyz")


def install(server: Flask, services: WebServices, token: str | None) -> None:
    """Count every answer, and tell whoever shows the token; without one in the settings there is no such page."""
    meter = services.meter

    def count(response: Response) -> Response:
        if request.path not in _UNCOUNTED and "began_at" in g:
            route = request.url_rule.rule if request.url_rule else "none"
            meter.count(route, response.status_code, perf_counter() - g.began_at)
        return response

    if token is None:
        return
    server.after_request(count)
    routes = Blueprint("metrics", __name__)

    @routes.get(PATH)
    def metrics() -> ResponseReturnValue:
        if not is_bearer(token):
            return {"reason": "token_needed"}, 401
        registry = CollectorRegistry()
        registry.register(_Everything(meter, services.readiness.look()))
        return Response(generate_latest(registry), mimetype="text/plain; version=0.0.4; charset=utf-8")

    server.register_blueprint(routes)


class _Everything(Collector):
    def __init__(self, meter: RequestMeter, state: Readiness) -> None:
        self._meter = meter
        self._state = state

    def collect(self) -> Iterable[Metric]:
        """What stands on the page."""
        yield from _requests(self._meter.all())
        yield from _parts(self._state)


def _requests(beats: list[Heartbeat]) -> Iterator[Metric]:
    answers = CounterMetricFamily(
        "oximetry_requests", "Answers by route and status.", labels=("process", "route", "status")
    )
    durations = HistogramMetricFamily("oximetry_request_seconds", "How long answers took.", labels=("process",))
    for beat in beats:
        process, details = beat.name.removeprefix(METER_BEATS), beat.details
        told: Any = details.get("answers", {})
        for key, count in told.items():
            route, _, status = key.rpartition(" ")
            answers.add_metric((process, route, status), count)
        within: Any = details.get("within", [])
        buckets, total = [], 0
        for bound, count in zip((*map(str, BOUNDS_S), "+Inf"), within, strict=True):
            total += count
            buckets.append((bound, total))
        durations.add_metric((process,), buckets, float(str(details.get("spent_s", 0.0))))
    yield answers
    yield durations


def _parts(state: Readiness) -> Iterator[Metric]:
    parts = GaugeMetricFamily("oximetry_part_ok", "1 where the part is ok.", labels=("part",))
    named = {"database": state.database, "storage": state.storage, "queue": state.queue, "disk": state.disk}
    for part, said in named.items():
        parts.add_metric((part,), float(said == "ok"))
    yield parts
    jobs = GaugeMetricFamily("oximetry_jobs", "Jobs by state, each counted to 10,000.", labels=("state",))
    for name, count in state.jobs.items():
        jobs.add_metric((name,), count)
    yield jobs
    oldest = GaugeMetricFamily(
        "oximetry_oldest_waiting_seconds", "How long the oldest job has waited.", labels=("kind",)
    )
    for name, seconds in state.oldest_waiting_s.items():
        oldest.add_metric((name,), seconds)
    yield oldest
    single = {
        "oximetry_workers": (len(state.workers), "Workers heard of within a minute."),
        "oximetry_outbox_objects": (state.outbox.pending, "Objects that wait for the store."),
        "oximetry_outbox_oldest_seconds": (state.outbox.oldest_s, "How long the oldest has waited."),
        "oximetry_damaged_objects": (state.outbox.damaged, "Objects whose bytes were not the right ones."),
        "oximetry_disk_free_megabytes": (state.disk_free_mb, "Room where the data folder is."),
        "oximetry_backup_age_seconds": (state.backup_age_s, "How old the last daily backup is."),
    }
    for name, (value, said) in single.items():
        if value is not None:
            yield GaugeMetricFamily(name, said, value=value)
