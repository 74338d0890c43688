"""``/metrics``: who may read it, and that one process tells what every process answered."""

from __future__ import annotations

from collections.abc import Callable

from flask.testing import FlaskClient
from prometheus_client.parser import text_string_to_metric_families

from oximetry.adapters.catalogue.catalogue import utc_now
from oximetry.services.operations.metering import RequestMeter
from tests.web.conftest import BASE_URL, World

TOKEN = "a-token-of-the-monitoring"


def asked(client: FlaskClient, token: str = TOKEN) -> dict[str, dict[str, float]]:
    """Samples by name: labels as text to values."""
    answer = client.get("/metrics", base_url=BASE_URL, headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/plain")
    found: dict[str, dict[str, float]] = {}
    for family in text_string_to_metric_families(answer.text):
        for sample in family.samples:
            labels = " ".join(f"{value}" for name, value in sorted(sample.labels.items()) if name != "process")
            found.setdefault(sample.name, {}).setdefault(labels, 0.0)
            found[sample.name][labels] += sample.value
    return found


def test_it_needs_the_token_and_is_not_there_without_one(make_world: Callable[..., World]) -> None:
    client = make_world(metrics_token=TOKEN).browser()
    assert client.get("/metrics", base_url=BASE_URL).status_code == 401
    wrong = {"Authorization": "Bearer something else entirely"}
    assert client.get("/metrics", base_url=BASE_URL, headers=wrong).status_code == 401


def test_without_a_token_in_the_settings_there_is_no_such_page(world: World) -> None:
    assert world.browser().get("/metrics", base_url=BASE_URL).status_code == 404


def test_answers_of_every_process_are_counted_by_route(make_world: Callable[..., World]) -> None:
    world = make_world(metrics_token=TOKEN)
    patient_id, secret = world.stored_night()
    before = asked(world.browser())
    for _ in range(3):
        world.browser().get("/login", base_url=BASE_URL)
    world.opened(secret)
    world.browser().get(f"/medic/patients/{patient_id}", base_url=BASE_URL)
    other = RequestMeter(world.services.catalogue, "another-host-7", utc_now)
    other.count("/login", 200, 0.3)
    other.count("/login", 503, 20.0)
    other.leave()
    found = asked(world.browser())
    requests, earlier = found["oximetry_requests_total"], before["oximetry_requests_total"]
    assert requests["/login 2xx"] - earlier["/login 2xx"] == 4
    assert requests["/login 5xx"] == 1
    assert requests["/medic/patients/<uuid:patient_id> 3xx"] == 1
    assert patient_id not in str(found)
    buckets = found["oximetry_request_seconds_bucket"]
    assert buckets["+Inf"] == found["oximetry_request_seconds_count"][""] == sum(requests.values())
    assert buckets["10.0"] == buckets["+Inf"] - 1
    assert found["oximetry_part_ok"] == {"database": 1, "storage": 1, "queue": 0, "disk": 1}
    assert found["oximetry_workers"] == {"": 0}
