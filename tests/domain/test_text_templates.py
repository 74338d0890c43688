import pytest
from hypothesis import given
from hypothesis import strategies as st

from oximetry.domain.errors import TemplateRefused
from oximetry.domain.text_templates import check, fill, placeholders

KNOWN = {"odi3": "11,2", "lowest": "83"}


def test_placeholders_are_filled_in():
    assert fill("ODI3 {odi3}/h, minimul { lowest } %.", KNOWN) == "ODI3 11,2/h, minimul 83 %."
    assert fill("{{odi3}} rămâne", KNOWN) == "{odi3} rămâne"
    assert placeholders("{odi3} {odi3} {lowest}") == {"odi3", "lowest"}


@pytest.mark.parametrize(
    ("text", "reason", "name"),
    [
        ("{odi9}", "placeholder_unknown", "odi9"),
        ("{}", "placeholder_unknown", ""),
        ("{odi3.__class__}", "placeholder_unknown", "odi3.__class__"),
        ("{odi3", "placeholder_unclosed", "odi3"),
        ("{odi3 {lowest}", "placeholder_unclosed", "odi3 {lowest"),
        ("odi3}", "placeholder_unclosed", "odi3"),
        ("{odi3\n}", "placeholder_unclosed", "odi3"),
    ],
)
def test_a_wrong_placeholder_is_named(text, reason, name):
    with pytest.raises(TemplateRefused) as refused:
        check(text, KNOWN)
    assert (refused.value.reason, refused.value.details["name"]) == (reason, name)


@given(st.text())
def test_every_text_is_filled_in_or_refused(text):
    try:
        filled = fill(text, KNOWN)
    except TemplateRefused:
        return
    if "{" not in text and "}" not in text:
        assert filled == text


@given(st.text())
def test_doubled_braces_bring_any_text_through(text):
    assert fill(text.replace("{", "{{").replace("}", "}}"), KNOWN) == text
