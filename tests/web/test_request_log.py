"""Logs: every line about a request carries its code, an error's page shows it, no patient's address is in them."""

import io
import json
import logging
import re

import pytest

from oximetry.domain.errors import CatalogueUnavailable
from oximetry.logs import JsonLines, configure_logging
from oximetry.services.operations.request_codes import request_code
from tests.web.conftest import BASE_URL


@pytest.fixture
def log():
    """Where log lines go; the log of the tests is put back."""
    root, stream = logging.getLogger(), io.StringIO()
    kept = (root.level, root.handlers[:])
    yield stream
    root.handlers[:] = kept[1]
    root.setLevel(kept[0])


@pytest.fixture
def written(log):
    """Log as in production, and what was written as objects."""
    configure_logging("INFO", as_json=True, stream=log)
    return lambda: [json.loads(line) for line in log.getvalue().splitlines()]


def test_a_request_is_one_line_that_names_its_route(world, written):
    patient_id, secret = world.stored_night()
    client = world.browser()
    client.get(f"/patient/{patient_id}/csvs/{secret}.csv?token={secret}", base_url=BASE_URL)
    lines = written()
    [line] = [line for line in lines if line["name"] == "oximetry.web.request_log"]
    assert "status=404" in line["message"]
    assert "route=/patient/<uuid:patient_id>/" in line["message"]
    assert patient_id not in str(lines)
    assert secret not in str(lines)
    assert re.fullmatch("[0-9A-F]{4}", line["request"])


def test_an_error_page_shows_the_code_of_its_lines(world, written, monkeypatch):
    def away(*_args, **_options):
        raise CatalogueUnavailable

    monkeypatch.setattr(world.services.links, "open", away)
    client = world.browser()
    answer = client.post(
        "/patient/session", json={"secret": "x"}, base_url=BASE_URL, headers={"Sec-Fetch-Site": "same-origin"}
    )
    code = answer.headers["X-Request-Code"]
    assert answer.status_code == 503
    assert f"(cod {code})" in answer.json["message"]
    assert code in {line.get("request") for line in written()}


def test_a_page_that_breaks_shows_its_code_and_the_trace_carries_it(world, written, monkeypatch):
    def broken(*_args, **_options):
        raise ZeroDivisionError

    monkeypatch.setattr(type(world.services.readiness), "look", broken)
    world.app.config["PROPAGATE_EXCEPTIONS"] = False
    world.app.testing = False
    answer = world.browser().get("/readyz", base_url=BASE_URL)
    assert answer.status_code == 500
    code = answer.headers["X-Request-Code"]
    assert f"(cod {code})" in answer.text
    traces = [line for line in written() if "ZeroDivisionError" in line.get("error", "")]
    assert [line["request"] for line in traces] == [code]


def test_an_answer_that_is_no_error_of_ours_shows_no_code(world):
    assert "(cod " not in world.browser().get("/medic/nothing", base_url=BASE_URL).text
    assert "(cod " not in world.browser().get("/login", base_url=BASE_URL).text


def test_health_is_not_written_down_each_time(world, written):
    world.browser().get("/healthz", base_url=BASE_URL)
    assert [line for line in written() if line["name"] == "oximetry.web.request_log"] == []


def test_text_lines_carry_the_code_too(log):
    configure_logging("INFO", stream=log)
    token = request_code.set("7F3A")
    logging.getLogger("oximetry.test").info("something happened")
    request_code.reset(token)
    assert log.getvalue().rstrip().endswith("INFO oximetry.test something happened request=7F3A")


def test_a_line_break_in_a_message_stays_in_its_json_line():
    record = logging.LogRecord("n", logging.INFO, "", 0, "a\nb \u2028 ș", (), None)
    line = JsonLines().format(record)
    assert "\n" not in line
    assert json.loads(line)["message"] == "a\nb \u2028 ș"
