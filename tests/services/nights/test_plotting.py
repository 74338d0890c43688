import hashlib
from types import SimpleNamespace

import pytest

from oximetry.domain.errors import NotReady, RenderingUnavailable
from oximetry.services.nights.plotting import PlottingService


@pytest.fixture
def scene(clinic):
    doctor = clinic.doctor()
    patient = clinic.patient(doctor)
    night_id = clinic.stored_night(doctor, patient)
    [card] = clinic.nights.shown(doctor.id, patient.id, "ro")
    return SimpleNamespace(
        clinic=clinic, doctor=doctor, patient=patient, night_id=night_id, subject=f"{card.night.analysis_id}:ro"
    )


def plot(scene, language="ro"):
    return scene.clinic.nights.shown(scene.doctor.id, scene.patient.id, language)[0].plot


def draw(scene, picture, subject=None):
    scene.clinic.picture = picture
    scene.clinic.plotting.render_plot(subject or scene.subject)


def test_picture_lies_under_its_patient_with_the_digest_of_its_own_bytes(scene):
    draw(scene, b"first")
    digest = hashlib.sha256(b"first").hexdigest()
    assert plot(scene).key == f"{scene.patient.id}/plots/20251007230437_9001_{digest[:8]}.png"
    assert scene.clinic.store.objects[plot(scene).key] == b"first"
    assert (plot(scene).sha256, plot(scene).content_type, plot(scene).size) == (digest, "image/png", 5)


def test_painter_gets_the_night_and_the_language(scene):
    asked = []

    def paint(report, language):
        asked.append((report.recording.device_serial, language))
        return b"drawn"

    clinic = scene.clinic
    PlottingService(clinic.catalogue, clinic.store, clinic.nights, paint, clinic.clock).render_plot(scene.subject)
    assert asked == [("9001", "ro")]


def test_new_picture_is_a_new_object_and_the_old_one_is_deleted_softly(scene):
    draw(scene, b"first")
    old = plot(scene)
    draw(scene, b"second")
    assert plot(scene).key != old.key
    assert scene.clinic.store.objects[old.key] == b"first"
    scene.clinic.clock.move(days=31)
    scene.clinic.housekeeping.expunge("")
    assert old.key not in scene.clinic.store.objects
    assert plot(scene).key in scene.clinic.store.objects


def test_same_picture_drawn_twice_is_one_object(scene):
    draw(scene, b"first")
    before = plot(scene)
    draw(scene, b"first")
    assert plot(scene) == before


def test_picture_of_one_language_does_not_disturb_the_other(scene):
    english = plot(scene, "en")
    draw(scene, b"first")
    assert plot(scene, "en") == english


def test_removed_night_is_not_drawn_and_a_restored_one_asks_again(scene):
    scene.clinic.nights.remove(scene.doctor.id, scene.night_id)
    objects = dict(scene.clinic.store.objects)
    draw(scene, b"first")
    assert scene.clinic.store.objects == objects
    scene.clinic.nights.restore(scene.doctor.id, scene.night_id)
    scene.clinic.work()
    assert plot(scene).size == len(b"first")


def test_moving_night_waits(scene):
    scene.clinic.nights.move(scene.doctor.id, scene.night_id, scene.clinic.patient(scene.doctor).id)
    with pytest.raises(NotReady):
        draw(scene, b"first")


@pytest.mark.parametrize("act", ["move", "remove"])
def test_night_that_left_while_it_was_drawn_gets_no_picture_at_its_old_patient(scene, act):
    clinic = scene.clinic
    target = clinic.patient(scene.doctor)

    def meanwhile(_):
        clinic.store.after.clear()
        if act == "move":
            clinic.nights.move(scene.doctor.id, scene.night_id, target.id)
            clinic.moving.move_night(scene.night_id)
        else:
            clinic.nights.remove(scene.doctor.id, scene.night_id)

    clinic.store.after["put"] = meanwhile
    with pytest.raises(NotReady):
        draw(scene, b"late")
    with clinic.catalogue.read() as transaction:
        files = transaction.files.of("recording", [scene.night_id], deleted=True)
    assert not [file for file in files if file.sha256 == hashlib.sha256(b"late").hexdigest()]


def test_missing_browser_leaves_the_picture_waiting_with_its_reason(scene):
    clinic = scene.clinic

    def paint(*_):
        raise RenderingUnavailable

    broken = PlottingService(clinic.catalogue, clinic.store, clinic.nights, paint, clinic.clock)
    clinic.handlers["render_plot"] = broken.render_plot
    with clinic.catalogue.write() as transaction:
        transaction.jobs.submit("render_plot", scene.subject, "", clinic.clock())
    clinic.work()
    with clinic.catalogue.read() as transaction:
        waiting = transaction.jobs.waiting_reasons("render_plot", [scene.subject])
    assert waiting == {scene.subject: "rendering_unavailable"}
    assert clinic.failed_jobs == 0
