"""Keys and download names, without any store."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oximetry.adapters.stores.object_keys import check_content_type, check_key, check_part, content_disposition

ALLOWED = "".join(chr(code) for code in range(0x20, 0x7F) if chr(code) not in "/\\")


@given(st.lists(st.text(ALLOWED, min_size=1, max_size=20).filter(lambda part: part not in {".", ".."}), min_size=1))
def test_a_key_of_plain_parts_is_returned_unchanged(parts: list[str]) -> None:
    key = "/".join(parts)
    if len(key) <= 1024:
        assert check_key(key) == key


@given(st.text(), st.sampled_from("\\\0\n\r\x1f\x7fșé\ud800\u2028"), st.text())
def test_a_key_with_a_forbidden_character_is_refused_without_being_repeated(head: str, bad: str, tail: str) -> None:
    with pytest.raises(ValueError) as caught:
        check_key(head + bad + tail)
    assert bad not in str(caught.value)


def test_the_longest_key_has_1024_bytes() -> None:
    assert check_key("x" * 1024)
    with pytest.raises(ValueError, match="1024"):
        check_key("x" * 1025)


@pytest.mark.parametrize("part", ["", ".", "..", "a/b", "a\\b", "ș", "a\n"])
def test_a_part_is_a_plain_name(part: str) -> None:
    with pytest.raises(ValueError):
        check_part(part)


@given(st.text(min_size=1))
def test_no_file_name_breaks_out_of_its_header(name: str) -> None:
    try:
        value = content_disposition(name)
    except ValueError:
        assert not name.strip() or any("\ud800" <= character <= "\udfff" for character in name)
        return
    assert value.isascii()
    assert value.isprintable()
    assert value.count('"') == 2
    assert set(value.removeprefix('attachment; filename="').split('"')[0]) <= set(
        string.ascii_letters + string.digits + " ._()+-"
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("night.csv", 'attachment; filename="night.csv"'),
        ('a"b\\c/d\r\ne.csv', 'attachment; filename="a_b_c_d__e.csv"'),
        ("50%;x.csv", "attachment; filename=\"50__x.csv\"; filename*=UTF-8''50%25%3Bx.csv"),
        ("ș.csv", "attachment; filename=\"_.csv\"; filename*=UTF-8''%C8%99.csv"),
    ],
)
def test_download_names(name: str, value: str) -> None:
    assert content_disposition(name) == value


@pytest.mark.parametrize("good", ["text/csv", "text/csv; charset=utf-8", "image/svg+xml", "application/vnd.ms-excel"])
def test_a_content_type_is_returned_unchanged(good: str) -> None:
    assert check_content_type(good) == good


@pytest.mark.parametrize("bad", ["", "text", "text/csv\n", "text/csv; charset=a; b=c", "a b/c", "text/ș"])
def test_anything_else_is_no_content_type(bad: str) -> None:
    with pytest.raises(ValueError):
        check_content_type(bad)
