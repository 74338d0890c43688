import json

import pytest

from oximetry.domain.errors import InvalidRequest, NotFound, TemplateRefused
from oximetry.domain.records import Role


@pytest.fixture
def head(scene):
    with scene.clinic.catalogue.write() as transaction:
        return transaction.accounts.create("sef@clinic.test", "plain:x", Role.ADMINISTRATOR, scene.clinic.clock())


def names(scene, doctor):
    return [one.name for one in scene.review.templates(doctor.id)]


def test_own_templates_are_seen_by_their_doctor_and_the_clinics_by_all(scene, head):
    other = scene.clinic.doctor()
    scene.review.save_template(scene.doctor, "  A mea ", "ro", "ODI3 {odi3}/h")
    shared = scene.review.save_template(head, "Clinica", "ro", "{night}", clinic=True)
    assert names(scene, scene.doctor) == ["A mea", "Clinica"]
    assert names(scene, other) == ["Clinica"]
    with pytest.raises(InvalidRequest, match="clinic_template"):
        scene.review.save_template(other, "x", "ro", "y", template_id=shared.id)
    with pytest.raises(InvalidRequest, match="clinic_template"):
        scene.review.remove_template(other, shared.id)
    scene.review.remove_template(head, shared.id)
    assert names(scene, other) == []


def test_another_doctors_template_is_not_there(scene):
    own = scene.review.save_template(scene.doctor, "A mea", "ro", "text")
    other = scene.clinic.doctor()
    with pytest.raises(NotFound):
        scene.review.save_template(other, "x", "ro", "y", template_id=own.id)
    with pytest.raises(NotFound):
        scene.review.remove_template(other, own.id)


@pytest.mark.parametrize("text", ["{odi9}", "{odi3", "}", "{odi3_15}"])
def test_a_template_that_cannot_be_filled_in_is_refused(scene, text):
    with pytest.raises(TemplateRefused):
        scene.review.save_template(scene.doctor, "x", "ro", text)


def test_a_template_needs_a_name_and_a_language(scene):
    with pytest.raises(InvalidRequest, match="template_without_name"):
        scene.review.save_template(scene.doctor, " ", "ro", "x")
    with pytest.raises(InvalidRequest, match="language_unknown"):
        scene.review.save_template(scene.doctor, "x", "fr", "x")
    with pytest.raises(InvalidRequest, match="text_too_long"):
        scene.review.save_template(scene.doctor, "x", "ro", "x" * 4001)


def test_templates_are_carried_to_another_doctor_as_a_file(scene):
    scene.review.save_template(scene.doctor, "A mea", "ro", "ș {odi3}")
    file = scene.review.export_templates(scene.doctor.id)
    other = scene.clinic.doctor()
    assert scene.review.import_templates(other, file) == 1
    assert scene.review.import_templates(other, file) == 0
    assert [(one.name, one.text) for one in scene.review.templates(other.id)] == [("A mea", "ș {odi3}")]


@pytest.mark.parametrize(
    "content",
    [
        b"", b"\xff", b"[]", b"{}", b'{"format": "oximetry-templates", "version": 2, "templates": []}',
        json.dumps({"format": "oximetry-templates", "version": 1, "templates": [{"name": 1}]}).encode(),
        b'{"format": "oximetry-templates", "version": 1, "templates": [{"name": "x", "language": "ro", "text": 5}]}',
        b"[" * 100_000,
    ],
)  # fmt: skip
def test_a_file_that_is_no_export_adds_nothing(scene, content):
    with pytest.raises(InvalidRequest, match="template_file_malformed"):
        scene.review.import_templates(scene.doctor, content)
    assert names(scene, scene.doctor) == []


def test_one_wrong_template_in_a_file_adds_none(scene):
    templates = [{"name": "a", "language": "ro", "text": "x"}, {"name": "b", "language": "ro", "text": "{nope}"}]
    file = json.dumps({"format": "oximetry-templates", "version": 1, "templates": templates}).encode()
    with pytest.raises(TemplateRefused):
        scene.review.import_templates(scene.doctor, file)
    assert names(scene, scene.doctor) == []
