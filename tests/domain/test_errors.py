"""What an error says of itself; the words for people are made elsewhere."""

from oximetry.domain.errors import InvalidRecording, NotFound


def test_an_error_without_a_reason_has_its_class_s_own():
    assert NotFound().reason == "not_found"
    assert InvalidRecording("too_long", rows=2).reason == "too_long"


def test_the_log_sees_the_reason_and_every_detail():
    assert str(NotFound()) == "not_found"
    assert str(InvalidRecording("too_long", rows=2, limit=1)) == "too_long rows=2 limit=1"
    assert str(NotFound(key="a b")) == "not_found key='a b'"


def test_a_trace_shows_reason_and_details_apart():
    assert NotFound(key="a").args == ("not_found", {"key": "a"})
