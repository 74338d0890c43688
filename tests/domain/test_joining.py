from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from oximetry.domain.errors import InvalidRecording
from oximetry.domain.joining import join
from oximetry.domain.recording import CLOCK_SET_BACK_S, Note


@pytest.fixture
def part(make_recording):
    """A part of device 0331 that begins so many seconds after 22:00:00."""

    def made(spo2, begins_s=0.0, **changes):
        own = {name: changes.pop(name) for name in ("set_back_at_s", "notes", "gap_row") if name in changes}
        recording = make_recording(spo2, **own)
        start = recording.started_at + timedelta(seconds=begins_s)
        return replace(recording, **({"device_serial": "0331", "started_at": start} | changes))

    return made


def test_parts_keep_their_times_and_the_hole_between_them_its_place(part):
    # rows at 0, 4, 8; the next part begins 14 s after 8: rows at 12, 16 are put in, 20 would be 2 s before 22
    whole = join(part([95, 94, 93], notes=(Note("a"), Note("b"))), part([92, 91], 22.0, notes=(Note("b"), Note("c"))))
    assert whole.time_s.tolist() == [0, 4, 8, 12, 16, 22, 26]
    assert np.array_equal(whole.spo2_pct, [95, 94, 93, np.nan, np.nan, 92, 91], equal_nan=True)
    assert np.isnan(whole.pulse_bpm[3:5]).all()
    assert np.isnan(whole.motion[3:5]).all()
    assert whole.gap_row.tolist() == [False, False, False, True, True, False, False]
    assert [note.code for note in whole.notes] == ["a", "b", "c", "joined"]
    assert whole.notes[-1].details == {"gap_s": 14.0}
    assert (whole.device_serial, whole.vendor) == ("0331", {})
    assert whole.wall_clock(22.0) == part([92], 22.0).started_at


def test_gaps_inside_the_parts_stay_gaps(part):
    whole = join(part([95, np.nan, 93], gap_row=[False, True, False]), part([92, 91], 12.0))
    assert whole.gap_row.tolist() == [False, True, False, False, False]


@pytest.mark.parametrize(("gap_s", "fits"), [(0.0, False), (0.5, True), (300.0, True), (300.5, False), (-4.0, False)])
def test_parts_lie_more_than_nothing_and_at_most_five_minutes_apart(part, gap_s, fits):
    first, second = part([95, 94, 93]), part([92, 91], 8.0 + gap_s)
    if fits:
        assert join(first, second).notes[-1].details == {"gap_s": gap_s}
        return
    with pytest.raises(InvalidRecording) as caught:
        join(first, second)
    assert (caught.value.reason, caught.value.details) == ("cannot_join", {"field": "started_at"})


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"device_serial": "0332"}, "device_serial"),
        ({"device_serial": None}, "device_serial"),
        ({"format": "other"}, "format"),
        ({"sampling_interval_s": 2.0}, "sampling_interval_s"),
    ],
)
def test_parts_of_different_kinds_do_not_fit(part, change, field):
    for first, second in ((part([95, 94]), part([92, 91], 20.0, **change)),
                          (part([95, 94], **change), part([92, 91], 20.0))):  # fmt: skip
        with pytest.raises(InvalidRecording) as caught:
            join(first, second)
        assert (caught.value.reason, caught.value.details) == ("cannot_join", {"field": field})


def test_two_parts_of_unknown_devices_do_not_fit(part):
    with pytest.raises(InvalidRecording):
        join(part([95, 94], device_serial=None), part([92, 91], 20.0, device_serial=None))


def test_clock_that_went_back_in_the_first_part_stays_back(part):
    first = part([95, 94, 93], set_back_at_s=4.0)  # last row at 22:00:08 minus an hour
    second = part([92, 91], 8.0 - CLOCK_SET_BACK_S + 4.0)
    whole = join(first, second)
    assert whole.time_s.tolist() == [0, 4, 8, 12, 16]
    assert whole.wall_clock(12.0) == second.started_at
    assert whole.ended_at == second.ended_at


def test_clock_that_goes_back_in_the_second_part_goes_back_there(part):
    second = part([92, 91], 12.0, set_back_at_s=4.0)
    whole = join(part([95, 94, 93]), second)
    assert whole.clock_set_back_at_s == 16.0
    assert whole.ended_at == second.ended_at


def test_a_clock_does_not_go_back_twice_in_a_night(part):
    first, second = part([95, 94], set_back_at_s=4.0), part([92, 91], 8.0 - CLOCK_SET_BACK_S, set_back_at_s=4.0)
    with pytest.raises(InvalidRecording) as caught:
        join(first, second)
    assert (caught.value.reason, caught.value.details) == ("cannot_join", {"field": "clock_set_back_at_s"})


def test_the_device_s_model_is_kept_whichever_part_knows_it(part):
    known, unknown = {"device_model": "O2Ring"}, {"device_model": None}
    assert join(part([95, 94], **known), part([93, 92], 8.0, **unknown)).device_model == "O2Ring"
    assert join(part([95, 94], **unknown), part([93, 92], 8.0, **known)).device_model == "O2Ring"
    assert join(part([95, 94], **unknown), part([93, 92], 8.0, **unknown)).device_model is None


def test_three_parts_are_joined_one_after_another(part):
    whole = join(join(part([95, 94]), part([93, 92], 8.0)), part([91, 90], 17.0))
    assert whole.time_s.tolist() == [0, 4, 8, 12, 17, 21]
    assert [note.details for note in whole.notes] == [{"gap_s": 4.0}, {"gap_s": 5.0}]
