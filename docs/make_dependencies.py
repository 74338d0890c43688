"""Writes ``docs/dependencies.md``: what we build on, why, under which licence, and when it was last released.

``python docs/make_dependencies.py`` asks PyPI for the days; a test compares names and versions without it.
"""

from __future__ import annotations

import json
import re
import sys
import urllib.request
from importlib.metadata import distribution
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "dependencies.md"
WHY = {
    "alembic": "migrations of the catalogue, each tried up and down on both databases",
    "argon2-cffi": "password hashes (argon2id)",
    "babel": "texts, plurals and dates in Romanian and English",
    "boto3": "S3 (given by the user)",
    "click": "the command line",
    "cryptography": "sealed secrets (Fernet), sealed backups (AES-SIV), derived keys (HKDF)",
    "dash": "the pages that change while they are looked at (given by the user)",
    "dash-ag-grid": "the table of a batch",
    "dash-mantine-components": "its dialogs and controls",
    "edfio": "EDF and EDF+ recordings",
    "flask": "routes and pages (given by the user)",
    "flask-compress": "compressed answers",
    "flask-login": "who is signed in",
    "flask-wtf": "tokens against forged requests",
    "gunicorn": "the web server (given by the user)",
    "honcho": "web and worker from one Procfile",
    "itsdangerous": "signed cookies of before",
    "kaleido": "pictures of plots (given by the user)",
    "numpy": "samples and numbers",
    "onnxruntime": "runs the second reader of printed reports",
    "opencv-python-headless": "finds the parts of a printed report",
    "orjson": "fast JSON for plots",
    "pillow": "checks and re-encodes pictures and logos",
    "plotly": "plots (given by the user)",
    "prometheus-client": "the text that Prometheus reads",
    "psycopg": "PostgreSQL",
    "pydantic-settings": "settings from the environment, each checked",
    "pyotp": "one-time passwords of an app (RFC 6238)",
    "pypdfium2": "pages of PDF reports as pictures, in a process of its own",
    "python-calamine": "Excel and OpenDocument sheets",
    "python-dotenv": "the .env file of a laptop",
    "rapidocr": "the second reader of printed reports",
    "resvg-py": "SVG logos made harmless by drawing them",
    "segno": "QR codes",
    "sqlalchemy": "SQL for SQLite and PostgreSQL in the same words",
    "tesserocr": "the first reader of printed reports",
    "weasyprint": "the signed report on A4 (PDF/A)",
    "webauthn": "passkeys",
    "werkzeug": "requests and answers under Flask",
}
LICENCES = {  # where the package's own field is the whole text, a file's name, or empty
    "flask-wtf": "BSD-3-Clause",
    "honcho": "MIT",
    "itsdangerous": "BSD-3-Clause",
    "kaleido": "MIT",
    "resvg-py": "MPL-2.0",
    "segno": "BSD-3-Clause",
    "weasyprint": "BSD-3-Clause",
    "pypdfium2": "BSD-3-Clause OR Apache-2.0",
}


def direct() -> list[str]:
    """The names in ``requirements.in``, as package indexes spell them."""
    lines = (ROOT / "requirements.in").read_text(encoding="utf-8").splitlines()
    names = [re.split(r"[<>=\[]", line.strip())[0] for line in lines if line.strip() and not line.startswith("#")]
    return [re.sub(r"[-_.]+", "-", name).lower() for name in names]


def pinned() -> dict[str, str]:
    """Name to version of everything in ``requirements.txt``."""
    text = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    return dict(re.findall(r"^([a-z0-9-]+)(?:\[[a-z]+\])?==(\S+)", text, re.MULTILINE))


def days(name: str, version: str) -> tuple[str, str]:
    """When that version was released, and the newest one."""
    with urllib.request.urlopen(f"https://pypi.org/pypi/{name}/json", timeout=30) as answer:
        releases = json.load(answer)["releases"]
    first = {release: min(file["upload_time"][:10] for file in files) for release, files in releases.items() if files}
    return first.get(version, "?"), max(first.values())


def page() -> str:
    """The whole page."""
    versions = pinned()
    lines = [
        "# What we build on",
        "",
        "Made by `python docs/make_dependencies.py`, from `requirements.in`, `requirements.txt` and PyPI.",
        "`make sbom` writes the whole list, with what these need themselves, as CycloneDX.",
        "`make audit` asks for known vulnerabilities. One that is known is mended within 30 days, a critical one",
        "within 7; everything is renewed with `make lock` once a month.",
        "",
        "| package | version | licence | released | newest | why |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for name in direct():
        described = distribution(name).metadata
        licence = LICENCES.get(name) or described.get("License-Expression") or described.get("License") or "?"
        released, newest = days(name, versions[name])
        lines.append(f"| {name} | {versions[name]} | {licence.splitlines()[0]} | {released} | {newest} | {WHY[name]} |")
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    sys.stdout.write(f"{PAGE.relative_to(ROOT)}: {len(direct())} packages\n")
