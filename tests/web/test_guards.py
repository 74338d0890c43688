"""What stands in front of every request and on every answer."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask.sessions import SecureCookieSessionInterface

from oximetry.web.security import Fence, content_policy
from tests.web.conftest import BASE_URL, World

PAGES = ("/login", "/medic/", "/patient/", "/healthz", "/readyz", "/no-such-page", "/patient/x", "/files/a?signature=b")


@pytest.mark.parametrize("path", PAGES)
def test_every_answer_carries_the_security_headers(world: World, path: str) -> None:
    headers = world.browser().get(path, base_url=BASE_URL).headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cache-Control"] == "no-store"
    policy = headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in policy
    assert "unsafe-eval" not in policy
    assert "script-src 'self' 'sha256-" in policy


def test_the_policy_names_the_storages_origin_and_no_other() -> None:
    policy = content_policy(["'sha256-x'"], "https://account.r2.cloudflarestorage.com")
    assert policy.count("https://") == 2  # img-src and connect-src
    assert "script-src 'self' 'sha256-x';" in policy


def test_patients_pages_are_not_indexed(world: World) -> None:
    assert world.browser().get("/patient/", base_url=BASE_URL).headers["X-Robots-Tag"] == "noindex, nofollow"


def test_another_host_is_not_served(make_world: Callable[..., World]) -> None:
    world = make_world(public_url="https://clinic.example")
    assert world.browser().get("/login", base_url="https://evil.example").status_code == 400
    assert world.browser().get("/healthz", base_url="http://10.1.2.3").status_code == 200
    assert world.browser().get("/login", base_url="https://clinic.example").status_code == 200


def test_cookies_are_secure_and_hsts_is_sent_over_https(make_world: Callable[..., World]) -> None:
    world = make_world(public_url="https://clinic.example")
    answer = world.browser().get("/login", base_url="https://clinic.example")
    assert all("Secure" in cookie for cookie in answer.headers.getlist("Set-Cookie"))
    assert answer.headers["Strict-Transport-Security"].startswith("max-age=31536000")


def test_sign_in_works_behind_https_with_our_no_referrer(make_world: Callable[..., World]) -> None:
    world = make_world(public_url="https://clinic.example", trusted_proxies=1)
    world.doctor()
    client = world.browser()
    proxy = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "clinic.example", "X-Forwarded-For": "203.0.113.9"}
    client.get("/login", headers=proxy, base_url="https://clinic.example")
    token = client.get_cookie("__Host-_csrf_token", domain="clinic.example")
    assert token is not None
    form = {"email": "ana@localhost", "password": "un-secret-de-test-lung", "csrf_token": token.value}
    answer = client.post("/login", data=form, headers=proxy, base_url="https://clinic.example")
    assert answer.status_code == 303
    cookie = next(one for one in answer.headers.getlist("Set-Cookie") if one.startswith("__Host-doctor="))
    assert "Secure" in cookie
    assert "HttpOnly" in cookie
    assert "Path=/" in cookie
    assert "Domain" not in cookie

    before = world.browser()
    own = world.app.session_interface.get_signing_serializer(world.app)  # type: ignore[attr-defined]
    signed_before = SecureCookieSessionInterface().get_signing_serializer(world.app)
    assert signed_before is not None
    carried = signed_before.dumps(own.loads(cookie.partition("=")[2].partition(";")[0]))
    before.set_cookie("doctor", carried, domain="clinic.example", secure=True)
    answer = before.get("/medic/", headers=proxy, base_url="https://clinic.example")
    assert answer.status_code == 200
    handed = answer.headers.getlist("Set-Cookie")
    assert [one for one in handed if one.startswith("__Host-doctor=") and "Max-Age=0" not in one]
    assert [one for one in handed if one.startswith("doctor=;")]
    before.delete_cookie("doctor", domain="clinic.example")
    assert before.get("/medic/", headers=proxy, base_url="https://clinic.example").status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "/patient/a/b/..%2fc",
        "/patient/anything",
        "/patient/00000000-0000-4000-8000-000000000000/csvs/../x",
        "/patient/00000000-0000-4000-8000-000000000000/secrets/x.csv",
        "/patient/00000000-0000-4000-8000-000000000000/csvs/a/b.csv",
        "/patient/session",
        "/medic/uploads/00000000-0000-4000-8000-000000000000/files",
        "/medic/nothing-here",
        "/medic/_alive",
        "/patient/_reload-hash",
        "/medic/_dash-component-suites/x",
        "/patient/_dash-component-suites/foo/bar.js",
        "/medic/assets//x",
        "/patient/assets//etc/passwd",
        "/patient/%0a",
    ],
)
def test_dashs_catch_all_answers_nothing_of_its_own(world: World, path: str) -> None:
    assert world.signed_in().get(path, base_url=BASE_URL).status_code == 404


def test_the_patients_page_carries_no_foreign_library(world: World) -> None:
    page = world.browser().get("/patient/", base_url=BASE_URL).text
    scripts = [line for line in page.splitlines() if "<script src" in line or "<link" in line]
    assert scripts
    assert not [line for line in scripts if "mantine" in line or "ag_grid" in line or "dash_table" in line]
    assert not [line for line in scripts if "://" in line]


def test_the_loopbacks_names_are_served_in_development_only() -> None:
    assert Fence("http://127.0.0.1:8050", None, production=False).serves("localhost:8050")
    assert not Fence("http://127.0.0.1:8050", None, production=True).serves("localhost:8050")


def test_readyz_says_that_a_proxy_is_not_trusted(world: World) -> None:
    client = world.browser()
    assert client.get("/readyz", base_url=BASE_URL).json["proxies"] == "ok"  # type: ignore[index]
    client.get("/login", base_url=BASE_URL, headers={"X-Forwarded-For": "203.0.113.9"})
    assert client.get("/readyz", base_url=BASE_URL).json["proxies"] == "not_trusted"  # type: ignore[index]
