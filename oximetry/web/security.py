"""What stands in front of every request: host, sign-in guard, CSRF, and the headers of every answer."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from flask import Flask, Response, abort, current_app, redirect, request
from flask.typing import ResponseReturnValue
from flask_compress import Compress
from flask_login import current_user
from flask_wtf.csrf import CSRFError, CSRFProtect, generate_csrf

from oximetry.domain.acting import EVERYBODY, NOBODY, acting_for
from oximetry.domain.records import Role
from oximetry.web import cookies

DOCTOR_PREFIX = "/medic/"
PATIENT_PREFIX = "/patient/"
STORAGE_PATH = "/medic/storage"
METADATA_PATHS = (STORAGE_PATH, "/medic/accounts")
NEW_PASSWORD, SECOND_FACTOR = "/medic/password", "/medic/second-factor"

# POSTs of a browser without a session to ride on: its own origin is asked for instead of a token
WITHOUT_TOKEN = (
    "/patient/session",
    "/patient/leave",
    "/patient/old-link",
    "/patient/_dash-update-component",
    "/verificare",
)
ANY_HOST = ("/healthz",)

# Dash's catch-all would answer 200 to any path below its prefix; only these and the routes of our own exist
_DASH_PATHS = re.compile(
    r"/(medic|patient)/(|_dash-layout|_dash-dependencies|_dash-update-component|_favicon\.ico"
    r"|_dash-component-suites/\w+(/[\w@-][\w.@-]*)+|assets(/[\w-][\w.-]*)+)"
)
_DASH_ENDPOINT = re.compile(r"/|_dash")
_ASKED_BY_SCRIPTS = (f"{DOCTOR_PREFIX}_dash", "/medic/patients/choices")
_STATIC = re.compile(r"/(_dash-component-suites|assets)/|/_favicon\.ico$")


@dataclass(frozen=True, slots=True)
class Fence:
    """What the guards need to know of the settings.

    Attributes
    ----------
    base_url : str
        ``PUBLIC_URL``; its host is the only one served (and, in development, the loopback's names).
    storage_origin : str or None
        The one foreign origin that pages may fetch from: the store's signed URLs.
    """

    base_url: str
    storage_origin: str | None
    production: bool

    @property
    def https(self) -> bool:
        """Whether cookies are ``Secure`` and HSTS is sent."""
        return self.base_url.startswith("https://")

    def serves(self, host: str) -> bool:
        """Whether a ``Host`` header names us."""
        own = urlsplit(self.base_url)
        if host == own.netloc:
            return True
        names = ("127.0.0.1", "localhost") if not self.production else ()
        return host in {f"{name}:{own.port}" for name in names}


def install(server: Flask, fence: Fence, script_hashes: Callable[[], Sequence[str]]) -> None:
    """Put the guards in front of the server; must come before any other ``before_request``."""
    csrf = CSRFProtect()
    csrf.init_app(server)
    server.before_request(_act_for_nobody_yet)
    server.teardown_request(_act_for_everybody_again)
    server.before_request(lambda: _check_host(fence))
    server.before_request(_check_path)
    server.before_request(_check_sign_in)
    server.before_request(lambda: _check_forgery(csrf))
    server.register_error_handler(CSRFError, lambda error: ("", 400))
    policies: list[str] = []

    def finish(response: Response) -> Response:
        if not policies:
            policies.append(content_policy(script_hashes(), fence.storage_origin))
        return _finish(response, fence, policies[0])

    server.after_request(finish)


def content_policy(script_hashes: Sequence[str], storage_origin: str | None) -> str:
    """The Content-Security-Policy: own scripts by hash, no eval, one foreign origin at most."""
    store = f" {storage_origin}" if storage_origin else ""
    parts = (
        "default-src 'none'",
        f"script-src 'self' {' '.join(dict.fromkeys(script_hashes))}".rstrip(),
        "style-src 'self' 'unsafe-inline'",
        f"img-src 'self' data: blob:{store}",
        f"connect-src 'self'{store}",
        "font-src 'self' data:",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
        "object-src 'none'",
    )
    return "; ".join(parts)


def same_origin() -> bool:
    """Whether the browser says that the request comes from one of our own pages."""
    origin = request.headers.get("Origin")
    if origin is not None:
        return origin == f"{request.scheme}://{request.host}"
    return request.headers.get("Sec-Fetch-Site") == "same-origin"


def _act_for_nobody_yet() -> None:
    """Below ``/medic/`` no row is anybody's before the doctor is known; elsewhere a link is looked for first."""
    acting_for.set(NOBODY if request.path.startswith(DOCTOR_PREFIX) else EVERYBODY)


def _act_for_everybody_again(_error: BaseException | None) -> None:
    """Whoever gets the thread next, another request or an act of our own, begins without this one's doctor."""
    acting_for.set(EVERYBODY)


def _check_host(fence: Fence) -> None:
    if request.path not in ANY_HOST and not fence.serves(request.host):
        abort(400)


def _check_path() -> None:
    path = request.path
    if not path.startswith((DOCTOR_PREFIX, PATIENT_PREFIX)):
        return
    if ".." in path or "//" in path or not (_is_own_route() or _DASH_PATHS.fullmatch(path)):
        abort(404)


def _is_own_route() -> bool:
    """Whether a route of ours, and not one of Dash's, matched this path and method: a page is allowed by having one."""
    endpoint = request.endpoint
    return endpoint is not None and not _DASH_ENDPOINT.match(endpoint)


def _check_sign_in() -> ResponseReturnValue | None:
    path = request.path
    if not path.startswith(DOCTOR_PREFIX) or _STATIC.search(path):
        return None
    if current_user.is_authenticated:
        is_metadata = path.startswith(METADATA_PATHS) and current_user.doctor.role is Role.ADMINISTRATOR
        acting_for.set(EVERYBODY if is_metadata else current_user.doctor.id)
        return _first_duty(current_user.duty)
    if request.method in ("GET", "HEAD") and not path.startswith(_ASKED_BY_SCRIPTS):
        return redirect("/login")
    return {"reason": "signed_out"}, 401


def _first_duty(duty: str) -> ResponseReturnValue | None:
    """The page that comes before every other one, where there is one."""
    if not duty or request.path == duty or request.path.startswith(f"{duty}/"):
        return None
    if request.method in ("GET", "HEAD") and not request.path.startswith(_ASKED_BY_SCRIPTS):
        return redirect(duty)
    return {"reason": "account_not_ready"}, 403


def _check_forgery(csrf: CSRFProtect) -> None:
    if request.method in ("GET", "HEAD", "OPTIONS", "TRACE"):
        return
    if request.path in WITHOUT_TOKEN:
        if not same_origin():
            abort(403)
        return
    csrf.protect()


def _finish(response: Response, fence: Fence, policy: str) -> Response:
    headers = response.headers
    headers["X-Content-Type-Options"] = "nosniff"
    headers.setdefault("Referrer-Policy", "no-referrer")
    headers["Content-Security-Policy"] = policy
    headers["Cross-Origin-Opener-Policy"] = "same-origin"
    headers["Permissions-Policy"] = "camera=(), geolocation=(), microphone=()"
    if fence.https:
        headers["Strict-Transport-Security"] = "max-age=31536000; includeSubDomains"
    if request.path == "/" or request.path.startswith((PATIENT_PREFIX, "/files/")):
        headers["X-Robots-Tag"] = "noindex, nofollow"
    if not _STATIC.search(request.path):
        headers["Cache-Control"] = "no-store"
    elif request.args.get("m") and "Cache-Control" in headers:
        headers["Cache-Control"] = "public, max-age=31536000, immutable"
    if _is_page(response):
        token = generate_csrf()
        response.set_cookie(
            cookies.named(cookies.CSRF, https=fence.https), token, secure=fence.https, samesite="Lax", httponly=False
        )
    return response


def _is_page(response: Response) -> bool:
    """Whether a doctor's page was answered, whose script must know the token."""
    own = request.path == "/login" or request.path.startswith(DOCTOR_PREFIX)
    return own and response.status_code == 200 and response.mimetype == "text/html"


def compress(server: Flask) -> None:
    """Answer text compressed. Flask-Compress's own cache stays off: it would share one entry among all pages."""
    server.config.update(
        COMPRESS_ALGORITHM=["br", "gzip"],
        COMPRESS_ALGORITHM_STREAMING=["br", "gzip"],
        COMPRESS_BR_LEVEL=5,
        COMPRESS_LEVEL=6,
        COMPRESS_MIMETYPES=[
            "text/html",
            "text/css",
            "text/javascript",
            "application/javascript",
            "application/json",
            "image/svg+xml",
        ],
    )
    Compress().init_app(server)


def configure(server: Flask, secret_key: bytes, fence: Fence, max_upload_bytes: int) -> None:
    """Flask's own settings; the cookies' names and flags."""
    server.secret_key = secret_key
    server.session_interface = cookies.DoctorSessions()
    server.config.update(
        MAX_CONTENT_LENGTH=max_upload_bytes,
        MAX_FORM_MEMORY_SIZE=1024 * 1024,
        SESSION_COOKIE_NAME=cookies.named(cookies.DOCTOR, https=fence.https),
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=fence.https,
        WTF_CSRF_CHECK_DEFAULT=False,  # asked for in _check_forgery, which knows whose POST it is
        WTF_CSRF_SSL_STRICT=False,  # our no-referrer would make it refuse valid tokens
        WTF_CSRF_TIME_LIMIT=None,
    )


def is_https() -> bool:
    """Whether cookies must be ``Secure`` on this server."""
    return bool(current_app.config["SESSION_COOKIE_SECURE"])
