import pytest

from oximetry.adapters.front.places import Kind, Places, kind_of


def entered(places, kind, tries=50):
    return sum(places.enter(kind) for _ in range(tries))


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/healthz", Kind.HEALTH),
        ("/patient/", Kind.PATIENT),
        ("/patient/_dash-update-component", Kind.PATIENT),
        ("/files/a/b.png?s=1", Kind.PATIENT),
        ("/medic/uploads/s/files", Kind.UPLOAD),
        ("/medic/", Kind.DOCTOR),
        ("/login", Kind.DOCTOR),
        ("", Kind.DOCTOR),
    ],
)
def test_kinds_of_request(path, kind):
    assert kind_of(path) is kind


def test_uploads_leave_places_to_doctors_doctors_to_patients_and_all_one_to_health():
    places = Places(8)
    assert entered(places, Kind.UPLOAD) == 4
    assert entered(places, Kind.DOCTOR) == 1
    assert entered(places, Kind.PATIENT) == 2
    assert entered(places, Kind.HEALTH) == 1


def test_patients_alone_may_take_all_places_but_one():
    places = Places(8)
    assert entered(places, Kind.PATIENT) == 7
    assert entered(places, Kind.HEALTH) == 1


def test_patients_take_no_place_from_health_and_doctors_none_from_patients():
    places = Places(8)
    assert entered(places, Kind.DOCTOR) == 5
    assert entered(places, Kind.PATIENT) == 2
    assert not places.enter(Kind.UPLOAD)


def test_a_place_that_is_given_back_goes_to_who_comes_first_of_those_that_wait():
    places = Places(8)
    entered(places, Kind.UPLOAD)
    entered(places, Kind.DOCTOR)
    for number in range(3):
        places.wait(Kind.UPLOAD, f"upload {number}")
    places.wait(Kind.DOCTOR, "doctor")
    assert places.leave(Kind.UPLOAD) == [(Kind.DOCTOR, "doctor")]
    assert places.leave(Kind.UPLOAD) == [(Kind.UPLOAD, "upload 0")]
    assert places.leave(Kind.DOCTOR) == [(Kind.UPLOAD, "upload 1")]


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_with_few_threads_everybody_is_served_in_turn(threads):
    places = Places(threads)
    for kind in Kind:
        assert places.enter(kind)
        places.leave(kind)
