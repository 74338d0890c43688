"""``/verificare``: whether a printed report is ours and still stands, for whoever holds it.

The code stands behind ``#`` of the printed address, so that no server's log sees it; the page posts it. A file is
hashed in the browser and only its SHA-256 is sent.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Flask, Response, make_response, render_template, request
from flask.typing import ResponseReturnValue

from oximetry.domain.errors import TooManyAttempts
from oximetry.domain.review_records import Verification
from oximetry.services.review.reviewing import ReviewService
from oximetry.web.dash_requests import posted_json
from oximetry.web.i18n import Words
from oximetry.web.language import request_words

PATH = "/verificare"
UNKNOWN_ADDRESS = "unknown"
LONGEST_CODE = 64


def install(server: Flask, review: ReviewService) -> None:
    """Add the page and the answer."""
    server.register_blueprint(_routes(review))


def _routes(review: ReviewService) -> Blueprint:
    routes = Blueprint("verification", __name__)

    @routes.get(PATH)
    def page() -> ResponseReturnValue:
        return _unseen(render_template("verification.html", words=request_words()))

    @routes.post(PATH)
    def answer() -> ResponseReturnValue:
        words = request_words()
        try:
            review.count_try(request.remote_addr or UNKNOWN_ADDRESS)
        except TooManyAttempts as error:
            refused = _unseen({"message": words("verify.too_many")}, 429)
            refused.headers["Retry-After"] = str(error.details["retry_after_s"])
            return refused
        posted = posted_json()
        code, sha256 = (_text(posted, name) for name in ("code", "sha256"))
        return _unseen(_in_words(review.verify_code(code, sha256 or None), words))

    return routes


def _text(posted: Any, name: str) -> str:
    value = posted.get(name) if isinstance(posted, dict) else None
    return value[:LONGEST_CODE] if isinstance(value, str) else ""


def _in_words(verification: Verification, words: Words) -> dict[str, str]:
    """The answer; of an unknown code nothing but that."""
    changed = words.day(verification.changed_at) if verification.changed_at else ""
    verdict = verification.verdict.value
    said = {
        "verdict": verdict,
        "message": words(f"verify.{verdict}", version=verification.replaced_by_version, at=changed),
        "details": "",
        "file": "",
    }
    if verification.signed_at is not None:
        said["details"] = words(
            "verify.details",
            number=verification.number,
            version=verification.version,
            clinic=verification.clinic or "–",
            at=f"{words.moment(verification.signed_at)} (UTC)",
        )
    if verification.pdf_is_identical is not None:
        said["file"] = words("verify.same_file" if verification.pdf_is_identical else "verify.other_file")
    return said


def _unseen(body: str | dict[str, str], status: int = 200) -> Response:
    response = make_response(body, status)
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    return response
