"""One request per file: what the browser is told, and that nothing is half-done."""

from __future__ import annotations

import io
from collections.abc import Callable

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from oximetry.domain.errors import StorageUnavailable
from oximetry.samples.samples import samples
from tests.web.conftest import BASE_URL, World

NIGHT = next(iter(samples()))


def post(client: FlaskClient, session_id: str, content: bytes, name: str = "a.csv", token: bool = True) -> TestResponse:
    cookie = client.get_cookie("_csrf_token", domain="127.0.0.1")
    headers = {"X-CSRFToken": cookie.value} if token and cookie else {}
    form = {"file": (io.BytesIO(content), name)}
    answer = client.post(f"/medic/uploads/{session_id}/files", data=form, headers=headers, base_url=BASE_URL)
    answer.request.input_stream.close()  # the test client spools large bodies to a file of its own
    return answer


def session_of(world: World, email: str = "ana@localhost") -> str:
    return world.services.uploads.open_session(world.doctor(email)).id


def test_a_file_is_received_once_however_often_it_is_sent(world: World) -> None:
    client, session = world.signed_in(), session_of(world)
    first = post(client, session, NIGHT.content, NIGHT.name)
    again = post(client, session, NIGHT.content, NIGHT.name)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json is not None
    assert again.json is not None
    assert first.json["id"] == again.json["id"]


def test_an_upload_needs_a_token_and_a_session(world: World) -> None:
    session = session_of(world)
    assert post(world.signed_in(), session, b"x", token=False).status_code == 400
    assert post(world.browser(), session, b"x").status_code == 401


def test_another_doctors_batch_is_404(world: World) -> None:
    assert post(world.signed_in("dan@localhost"), session_of(world), NIGHT.content).status_code == 404


def test_a_file_over_the_limit_is_refused_with_words(make_world: Callable[..., World]) -> None:
    world = make_world(upload_max_file_mb=1)
    client, session = world.signed_in(), session_of(world)
    answer = post(client, session, b"x" * (1024 * 1024 + 1))
    assert answer.json == {
        "reason": "file_too_large",
        "message": "Fișierul depășește 1 MB. Nu a fost salvat.",
    }
    assert answer.status_code == 422
    assert post(client, session, b"x" * (2 * 1024 * 1024)).status_code == 413


def test_a_batch_over_the_limit_is_refused_with_words(make_world: Callable[..., World]) -> None:
    world = make_world(upload_max_files=1)
    client, session = world.signed_in(), session_of(world)
    assert post(client, session, NIGHT.content).status_code == 201
    answer = post(client, session, NIGHT.content + b"\n")
    assert answer.status_code == 422
    assert answer.json is not None
    assert answer.json["reason"] == "too_many_files"


def test_an_unreachable_store_is_503_and_nothing_is_kept(world: World) -> None:
    client, session = world.signed_in(), session_of(world)
    store = world.services.store

    def unreachable(*_: object, **__: object) -> None:
        raise StorageUnavailable

    kept, store.put = store.put, unreachable  # type: ignore[method-assign, assignment]
    answer = post(client, session, NIGHT.content)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "10")
    assert world.services.batches.show(world.doctor(), session).rows == []
    store.put = kept  # type: ignore[method-assign]
    assert post(client, session, NIGHT.content).status_code == 201


def test_nothing_of_a_file_reaches_the_log(world: World, caplog: object) -> None:
    client, session = world.signed_in(), session_of(world)
    with caplog.at_level("DEBUG"):  # type: ignore[attr-defined]
        post(client, session, NIGHT.content, "Popescu Ion 0331.csv")
        post(client, session, b"not a night", "Ionescu Maria.csv")
        world.work()
    assert "Popescu" not in caplog.text  # type: ignore[attr-defined]
    assert "Ionescu" not in caplog.text  # type: ignore[attr-defined]
    assert "ana@localhost" not in caplog.text  # type: ignore[attr-defined]
