"""The offer to join two files below the batch table, as the doctor's browser asks and answers it."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from oximetry.domain.records import UploadItem
from oximetry.services.incoming import IncomingFile
from oximetry.services.intake.batch import Batch
from oximetry.web.doctor import batch_view
from oximetry.web.doctor.join_view import gap_text
from oximetry.web.i18n import words
from tests.factories import night_name, part_csv
from tests.web.conftest import World
from tests.web.doctor.test_callbacks import Values, call, callback_of

START = datetime(2025, 10, 7, 23, 4, 37)
SECOND = START + timedelta(seconds=4 * 149 + 130)


@pytest.fixture
def night(world: World) -> list[UploadItem]:
    """An interrupted night of the open batch, both files read."""
    web, doctor = world.services, world.doctor()
    session = web.uploads.open_session(doctor)
    files = [(part_csv(START), night_name(start=START)), (part_csv(SECOND, 50, 200), night_name(start=SECOND))]
    items = [web.uploads.accept(doctor, session.id, IncomingFile(name, content))[0] for content, name in files]
    world.work()
    return items


def batch(world: World, night: list[UploadItem]) -> Batch:
    return world.services.batches.show(world.doctor(), night[0].session_id)


def view(world: World, night: list[UploadItem], language: str = "ro") -> batch_view.BatchView:
    return batch_view.view(batch(world, night), batch_view.People(), words(language), world.services.uploads.name_of)


def nights(shown: batch_view.BatchView) -> list[dict[str, Any]]:
    return [row for row in shown.rows if not row["group"]]


def shown(world: World, night: list[UploadItem], language: str = "ro") -> str:
    return json.dumps([one.to_plotly_json() for one in view(world, night, language).joins], default=_plain)


def _plain(component: Any) -> Any:
    return component.to_plotly_json()


def press(client: FlaskClient, act: str, first: str, second: str, session_id: str) -> dict[str, Any]:
    parts = {"act": act, "first": first, "second": second, "type": "join"}
    pattern = json.dumps(parts, separators=(",", ":"))
    callback = next(
        one
        for one in client.get("/medic/_dash-dependencies", base_url="http://127.0.0.1:8050").json
        if any('"join"' in asked["id"] for asked in one["inputs"])
    )
    values = Values(
        {callback["inputs"][0]["id"] + ".n_clicks": 1, "upload-session.data": session_id, "refresh.data": 0}
    )
    answer: dict[str, Any] = call(client, callback, values, f"{pattern}.n_clicks", pattern).json["response"]
    return answer


def test_the_offer_names_gap_hours_and_device(world: World, night: list[UploadItem]) -> None:
    said = json.loads(shown(world, night, "en"))
    assert "one night interrupted for 2 min 10 s: 23:04\u201323:14 and 23:16\u201323:19, device 9001" in str(said)
    assert "7/8 oct. 2025" in str(json.loads(shown(world, night)))


@pytest.mark.parametrize(
    ("gap_s", "said"), [(130.0, "2 min 10 s"), (59.6, "1 min 0 s"), (40.0, "40 s"), (300.0, "5 min 0 s")]
)
def test_a_gap_is_said_in_minutes_and_seconds(gap_s: float, said: str) -> None:
    assert gap_text(gap_s, words("ro")) == said


def test_the_doctor_joins_two_files_and_takes_them_apart(world: World, night: list[UploadItem]) -> None:
    client, session_id = world.signed_in(), night[0].session_id
    before = view(world, night)
    assert press(client, "join", night[0].id, night[1].id, session_id)["message"]["children"] == ""
    world.work()
    after = view(world, night)
    assert [len(nights(before)), len(nights(after))] == [2, 1]
    assert before.digest != after.digest
    assert after.counts.startswith("2 fișiere · 2 citite")
    assert nights(after)[0]["file_name"] == " + ".join(one["file_name"] for one in nights(before))
    assert "O noapte unită din 2 fișiere" in str(json.loads(shown(world, night)))
    press(client, "take-apart", night[0].id, "", session_id)
    world.work()
    assert len(nights(view(world, night))) == 2


def test_the_doctor_keeps_them_apart(world: World, night: list[UploadItem]) -> None:
    client, session_id = world.signed_in(), night[0].session_id
    before = view(world, night)
    press(client, "keep-apart", night[0].id, night[1].id, session_id)
    after = view(world, night)
    assert (len(before.joins), len(after.joins), len(nights(after))) == (1, 0, 2)
    assert before.digest != after.digest


def test_what_is_offered_no_more_is_said(world: World, night: list[UploadItem]) -> None:
    client, session_id = world.signed_in(), night[0].session_id
    answer = press(client, "join", night[1].id, night[0].id, session_id)
    assert "nu mai pot fi unite" in str(answer["message"])


def test_files_of_one_night_that_would_part_are_named(world: World, night: list[UploadItem]) -> None:
    doubts = batch_view.doubts(batch(world, night), {"torn": [night[0].id, "gone"], "overlaps": []}, words("ro"))
    said = str(json.loads(json.dumps([one.to_plotly_json() for one in doubts], default=_plain)))
    assert "ar merge la pacienți diferiți" in said
    assert "23:04–23:14 · 9001" in said
    assert callback_of(world.signed_in(), "joins.children", "poll")
