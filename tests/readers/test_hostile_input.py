import random
import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oximetry.domain.errors import InvalidRecording
from oximetry.domain.recording import Recording

MEGABYTE = 1 << 20
ROW = "20:35:10 15/10/2025,95,60,0\n"
HEAD = "Time,SpO2,Pulse,Motion\n" + ROW + "20:35:14 15/10/2025,95,60,0\n"


def outcome(read, content, filename=None):
    """The reason of a refusal, or "recording" for a recording in order; anything else raises."""
    try:
        recording = read(content, filename)
    except InvalidRecording as refused:
        return refused.reason
    assert isinstance(recording, Recording)
    assert recording.samples >= 2
    return "recording"


@pytest.mark.parametrize(
    ("make", "reasons"),
    [
        (lambda: HEAD.encode() + b"x" * 10 * MEGABYTE, {"line_too_long"}),
        (lambda: HEAD.encode() + b"," * 1_000_000, {"line_too_long"}),
        (lambda: b"," * 10 * MEGABYTE, {"no_time_column", "unknown_format"}),
        (lambda: HEAD.encode() + b'"' + b"a\n" * 1_400_000, {"bad_columns", "bad_time"}),
        (lambda: HEAD.encode() + b'"' * 10 * MEGABYTE, {"line_too_long"}),
        (lambda: HEAD.encode() + b'"a""b",' * 500 + b"\n1,2,3,4\n", {"bad_columns"}),
        (lambda: HEAD.encode() + b"\n" * 10 * MEGABYTE, {"too_long"}),
        (lambda: HEAD.encode() + b"1,2,3\n" * 1_490_000, {"bad_columns"}),
        (lambda: HEAD.encode() + b"\0" * 10 * MEGABYTE, {"binary_content"}),
        (lambda: HEAD.encode() + b"\xff\xfe" * 5 * MEGABYTE, {"line_too_long"}),
        (lambda: b"\xff\xfe" + b"\x00\xd8" * 4 * MEGABYTE, {"unknown_format", "binary_content", "empty_file"}),
        (lambda: HEAD.encode() + ("\U0001f4a4\n" * 1_400_000).encode(), {"bad_columns"}),
        (lambda: HEAD.encode() + ROW.encode() * 370_000, {"time_goes_back"}),
        (lambda: HEAD.encode() + b"20:35:14 15/10/2025,95,60,0\n" * 370_000, set()),
        (lambda: (HEAD + "20:35:18 15/10/2025,95," + "9" * 4000 + ",0\n").encode(), {"bad_value"}),
        (lambda: (HEAD + "20:35:18 15/10/2025" + "0" * 4000 + ",95,60,0\n").encode(), {"bad_time"}),
        (lambda: (HEAD + "20:35:18 15/10/2099,95,60,0\n").encode(), {"two_nights"}),
        (lambda: random.Random(1).randbytes(10 * MEGABYTE), {"unknown_format"}),
        (lambda: b"(" * MEGABYTE + HEAD.encode(), {"unknown_format"}),
    ],
)
@pytest.mark.timeout(30)
def test_hostile_file_ends_quickly_with_a_reason(make, reasons, read):
    content = make()
    assert outcome(read, content) in (reasons or {"recording"})


@pytest.mark.parametrize(
    "make",
    [
        lambda: HEAD.encode() + b"1,2,3\n" * 149_000,
        lambda: HEAD.encode() + ("\U0001f4a4\n" * 140_000).encode(),
        lambda: HEAD.encode() + b"20:35:14 15/10/2025,95,60,0\n" * 37_000,
    ],
)
def test_hostile_file_costs_less_than_thirty_times_its_size(make, read):
    content = make()
    tracemalloc.start()
    outcome(read, content)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 24 * MEGABYTE


BYTES = st.one_of(
    st.integers(0, 255).map(lambda value: bytes([value])),
    st.sampled_from(list(b'0123456789,;\t":/-\n\r=')).map(lambda value: bytes([value])),
)
CHANGE = st.tuples(
    st.sampled_from(["replace", "insert", "delete", "repeat", "cut"]), st.floats(0, 1), BYTES, st.integers(1, 60)
)


def mutated(content, changes):
    for kind, where, byte, length in changes:
        at = int(where * len(content))
        before, after = content[:at], content[at:]
        content = {
            "replace": before + byte + after[1:],
            "insert": before + byte + after,
            "delete": before + after[length:],
            "repeat": before + after[:length] + after,
            "cut": before if length < 6 else content,
        }[kind]
    return content


@settings(max_examples=1000, derandomize=True, deadline=None)
@given(st.lists(CHANGE, min_size=1, max_size=6), st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "cp1250"]))
def test_mutation_of_a_recording_ends_in_a_recording_or_a_refusal(read, csv_text, changes, encoding):
    content = mutated(csv_text(rows=40).encode(encoding), changes)
    assert outcome(read, content, "Checkme O2 9001_20251015235900.csv").isidentifier()


@settings(max_examples=300, derandomize=True, deadline=None)
@given(st.binary(max_size=400))
def test_any_bytes_end_in_a_refusal(read, content):
    with pytest.raises(InvalidRecording):
        read(content)


@settings(max_examples=300, derandomize=True, deadline=None)
@given(st.text(alphabet='0123456789,;\t":/-. \nAPMapmOctșş=', max_size=200))
def test_any_text_behind_good_rows_ends_in_a_recording_or_a_refusal(read, text):
    assert outcome(read, HEAD + text).isidentifier()
