"""A printed code in a real browser: genuine, the very file, another file, replaced; in both languages, on a phone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from oximetry.composition import Services, create_services
from oximetry.domain.records import Doctor
from oximetry.domain.review_records import Profile
from oximetry.samples.samples import samples
from oximetry.services.incoming import IncomingFile
from oximetry.settings import Settings
from tests.e2e.conftest import Watched
from tests.e2e.live import EMAIL, Site, running, wait_until

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def laptop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """SQLite and a local folder."""
    with running(tmp_path_factory.mktemp("laptop")) as site:
        yield site


@pytest.fixture
def services(laptop: Site) -> Iterator[Services]:
    """The same catalogue and store, asked from here."""
    folders = {"data_dir": laptop.folder / "data", "storage_path": laptop.folder / "storage"}
    with closing(create_services(Settings.load(**folders, public_url=laptop.url, _env_file=None))) as made:
        yield made


def stored_night(services: Services, doctor: Doctor, which: int) -> str:
    """A night, stored by the site's own worker."""
    session = services.uploads.separate_session(doctor)
    sample = list(samples())[which]
    item, _ = services.uploads.accept(doctor, session.id, IncomingFile(sample.name, sample.content))

    def is_read() -> bool:
        with services.catalogue.read() as transaction:
            return transaction.uploads.get(item.id).numbers is not None

    wait_until(is_read)
    services.assignment.all_to_one(doctor, session.id)
    wait_until(lambda: services.review.waiting(doctor.id))
    return services.review.waiting(doctor.id)[0]


def save(services: Services, doctor: Doctor, night_id: str, text: str) -> dict[str, object]:
    """What the page hands back when it signs."""
    draft = services.review.draft(doctor.id, night_id)
    seen = draft.numbers_sha256
    version = services.review.save_draft(doctor.id, night_id, text, "", draft.version, seen=seen)
    return {"version": version, "seen": seen}


@pytest.mark.parametrize(
    ("language", "width", "said"),
    [
        ("ro", 1280, ("Raport autentic și la zi.", "identic", "diferă", "înlocuit de versiunea 2")),
        ("en", 360, ("Genuine and current.", "identical", "differs", "replaced by version 2")),
    ],
)
def test_a_printed_code_says_whether_the_report_stands(
    browser: Browser,
    laptop: Site,
    services: Services,
    watched: Watched,
    tmp_path: Path,
    language: str,
    width: int,
    said: tuple[str, str, str, str],
) -> None:
    doctor = services.accounts.find(EMAIL)
    assert doctor is not None
    review = services.review
    review.set_profile(Profile(doctor.id, signer_name="Dr. Ana", clinic_name="Cabinet EXEMPLU"))
    night_id = stored_night(services, doctor, which=("ro", "en").index(language))
    report = review.sign(doctor, night_id, **save(services, doctor, night_id, "ODI3 {odi3}/h"))  # type: ignore[arg-type]
    code = services.vault.open(report.code_sealed or b"")
    wait_until(lambda: review.state(doctor.id, night_id).file_key)
    pdf = tmp_path / "raport.pdf"
    pdf.write_bytes(services.store.get(str(review.state(doctor.id, night_id).file_key)))
    other = tmp_path / "other.pdf"
    other.write_bytes(pdf.read_bytes() + b" ")

    context = browser.new_context(viewport={"width": width, "height": 800})
    context.add_cookies([{"name": "language", "value": language, "url": laptop.url}])
    page = context.new_page()
    watched.watch(page)
    page.goto(f"{laptop.url}/verificare#{code}")
    answer = page.locator("#verify-answer")
    expect(answer).to_contain_text(said[0])
    expect(answer).to_contain_text(report.number)
    expect(answer).to_contain_text("Cabinet EXEMPLU")
    page.set_input_files("#verify-file", str(pdf))
    expect(answer).to_contain_text(said[1])
    page.set_input_files("#verify-file", str(other))
    expect(answer).to_contain_text(said[2])
    assert page.evaluate("document.documentElement.scrollWidth") <= width

    review.amend(doctor, night_id, "reformulat", **save(services, doctor, night_id, "alt text"))  # type: ignore[arg-type]
    page.click("button[type=submit]")
    expect(answer).to_contain_text(said[3])
    assert watched.hosts == {laptop.url.removeprefix("http://")}
