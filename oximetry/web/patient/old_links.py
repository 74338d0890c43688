"""Links of the application that was here before, ``/?token=<uuid>``: a page whose button leads to the present link.

A GET looks nothing up and changes nothing, so a messenger's preview consumes nothing and learns nothing: the page is
the same for every token. The POST answers with a redirect to the patient's present link, whose secret stays behind the
``#``, so that the person can keep that one.
"""

from __future__ import annotations

from flask import Blueprint, Response, make_response, redirect, render_template, request
from flask.typing import ResponseReturnValue

from oximetry.domain.errors import LinkRefused
from oximetry.services.links import PatientLinks
from oximetry.web.language import request_words


def blueprint(links: PatientLinks) -> Blueprint:
    """``/``, which is the doctor's way in unless it carries an old token, and the exchange."""
    routes = Blueprint("old_links", __name__)

    @routes.get("/")
    def home() -> ResponseReturnValue:
        if "token" not in request.args:
            return redirect("/medic/")
        return _page(request.args["token"])

    @routes.post("/patient/old-link")
    def exchange() -> ResponseReturnValue:
        try:
            url = links.open_old(request.form.get("token", ""))
        except LinkRefused:
            return _page("", refused=True), 404
        response = redirect(url, 303)
        response.set_data(b"")  # the default page would repeat the secret
        return response

    return routes


def _page(token: str, *, refused: bool = False) -> Response:
    page = render_template("old_link.html", words=request_words(), token=token[:200], refused=refused)
    response = make_response(page)
    # without it a browser posts the form with the origin "null"; paths and tokens still go nowhere
    response.headers["Referrer-Policy"] = "strict-origin"
    return response
