import io
import os
import zipfile
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from oximetry.domain.errors import InvalidUpload
from oximetry.services.incoming import MEGABYTE, UploadLimits
from oximetry.services.intake.archives import Survey, archive_entries, survey

LIMITS = UploadLimits(file_bytes=MEGABYTE, files=4, batch_bytes=2 * MEGABYTE)


def packed(files, method=zipfile.ZIP_DEFLATED):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, content in files:
            archive.writestr(name, content)
    return out.getvalue()


def refused(content):
    with pytest.raises(InvalidUpload) as caught:
        list(archive_entries(content, LIMITS))
    return caught.value.reason, caught.value.details


def test_files_come_out_in_their_order_with_their_names():
    entries = archive_entries(packed([("b/2.csv", b"two"), ("a.csv", b"one"), ("b/", b"")]), LIMITS)
    assert [(file.name, file.content) for file in entries] == [("b/2.csv", b"two"), ("a.csv", b"one")]


def test_junk_of_operating_systems_is_left_out():
    junk = ["__MACOSX/._a.csv", "x/.DS_Store", "Thumbs.db", "x/desktop.ini", "x/._a.csv"]
    entries = archive_entries(packed([(name, b"junk") for name in junk] + [("a.csv", b"one")]), LIMITS)
    assert [file.name for file in entries] == ["a.csv"]


def test_junk_does_not_count_as_files():
    files = [(f"__MACOSX/{number}", b"") for number in range(9)] + [(f"{number}.csv", b"") for number in range(4)]
    assert len(list(archive_entries(packed(files), LIMITS))) == 4


def test_bomb_is_stopped_at_the_limit_of_one_file():
    assert refused(packed([("bomb.csv", bytes(64 * MEGABYTE))])) == ("zip_entry_too_large", {"limit_mb": 1})


def test_bomb_that_lies_about_its_size_is_stopped_too():
    content = bytearray(packed([("bomb.csv", bytes(8 * MEGABYTE))]))
    central = content.index(b"PK\x01\x02")
    content[central + 24 : central + 28] = (10).to_bytes(4, "little")
    assert refused(bytes(content))[0] in ("zip_entry_too_large", "zip_damaged")


def test_many_files_that_are_too_big_together_are_refused_with_the_limit_of_the_batch():
    files = [(f"{number}.csv", bytes([number]) * MEGABYTE) for number in range(3)]
    assert refused(packed(files)) == ("batch_too_large", {"limit_mb": 2})


def test_too_many_files_are_refused():
    assert refused(packed([(f"{n}.csv", b"x") for n in range(5)])) == ("too_many_files", {"limit": 4})


@pytest.mark.parametrize("name", ["../../etc/passwd", "/etc/passwd", "C:\\windows\\x.csv", "..\\x.csv"])
def test_name_that_climbs_out_is_only_a_name(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    [file] = archive_entries(packed([(name, b"content")]), LIMITS)
    assert file.content == b"content"
    assert os.listdir(tmp_path) == []


def test_entry_without_a_name_is_a_file_like_any_other():
    content = packed([("a.csv", b"one")]).replace(b"a.csv", b"\0.csv")
    assert [(file.name, file.content) for file in archive_entries(content, LIMITS)] == [("", b"one")]


@pytest.mark.parametrize("start", [b"", b"PK\x05\x06" + bytes(18)], ids=["plain", "behind an empty one"])
def test_archive_in_an_archive_is_refused(start):
    inner = packed([("a.csv", b"one")])
    assert refused(packed([("inner.csv", start + inner)]))[0] == "zip_nested"


def test_encrypted_archive_says_so():
    content = bytearray(packed([("a.csv", b"one")]))
    content[content.index(b"PK\x01\x02") + 8] |= 1
    content[6] |= 1
    assert refused(bytes(content))[0] == "zip_encrypted"


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_slow_methods_are_not_tried(method):
    assert refused(packed([("a.csv", b"one")], method))[0] == "zip_damaged"


def test_empty_archive_says_so():
    assert refused(packed([]))[0] == "zip_empty"
    assert refused(packed([("__MACOSX/._a", b"")]))[0] == "zip_empty"


def test_wrong_checksum_is_damage():
    content = packed([("a.csv", b"original")], zipfile.ZIP_STORED).replace(b"original", b"0riginal", 1)
    assert refused(content)[0] == "zip_damaged"


@pytest.mark.parametrize("length", [4, 30, 60])
def test_cut_archive_is_damaged(length):
    assert refused(packed([("a.csv", b"one" * 50)])[:length])[0] == "zip_damaged"


WHOLE = packed([("a.csv", b"one" * 40), ("b.csv", bytes(range(64)))])


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(st.integers(0, len(WHOLE) - 1), st.integers(0, 255)), min_size=1, max_size=6))
def test_altered_archive_ends_in_files_or_in_a_refusal(changes):
    content = bytearray(WHOLE)
    for position, value in changes:
        content[position] = value
    with suppress(InvalidUpload):
        assert len(list(archive_entries(bytes(content), LIMITS))) <= LIMITS.files


def known(head, _size):
    return head.startswith(b"night")


def test_a_small_archive_is_unpacked_whole_so_that_each_refusal_is_seen():
    files = [(f"{number}.txt", b"steps") for number in range(19)] + [("a.csv", b"night")]
    assert survey(packed(files), known) == Survey()


def test_a_whole_export_leaves_aside_what_no_reader_knows():
    files = [(f"steps/{number}.json", b"[]") for number in range(620)]
    files += [("a.csv", b"night one"), ("report.pdf", b"%PDF-1.4 made up"), ("b.csv", b"night two")]
    found = survey(packed(files), known)
    assert found == Survey(frozenset({"a.csv", "b.csv", "report.pdf"}), 620)
    names = [file.name for file in archive_entries(packed(files), LIMITS, found.wanted)]
    assert names == ["a.csv", "report.pdf", "b.csv"]


def test_an_export_without_oximetry_is_refused_in_one_sentence():
    with pytest.raises(InvalidUpload) as refusal:
        survey(packed([(f"{number}.json", b"[]") for number in range(40)]), known)
    assert (refusal.value.reason, refusal.value.details) == ("zip_without_recordings", {"files": 40})


@settings(max_examples=50, suppress_health_check=[HealthCheck.too_slow])
@given(st.binary(max_size=400))
def test_no_bytes_break_the_survey(content):
    with suppress(InvalidUpload):
        survey(b"PK\x03\x04" + content, known)


def test_a_phones_export_becomes_its_nights_and_one_line(clinic):
    doctor = clinic.doctor()
    minutes = "".join(f"2025-10-07T23:{minute:02}:00Z,{95 - minute % 3}\n" for minute in range(50))
    files = [(f"Fitbit/steps-{number}.csv", b"timestamp,steps\n2025-10-07 23:00:00,7\n") for number in range(60)]
    files += [(f"Fitbit/sleep-{number}.json", b"{}") for number in range(40)]
    files += [("Fitbit/Minute SpO2 - 2025-10-07.csv", b"timestamp,value\n" + minutes.encode())]
    item = clinic.upload(doctor, packed(files), "takeout.zip")
    clinic.work()
    assert clinic.item(item.id).details == {"files": 1, "left_aside": 100}
    rows = clinic.batches.show(doctor, item.session_id).rows
    assert sorted(row.item.state.value for row in rows) == ["expanded", "read"]
