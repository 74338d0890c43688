"""Requests are gathered whole however they are cut, and what is wrong is handed on with its end."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oximetry.adapters.front.gathering import IN_MEMORY_BYTES, Gathering, GatheringLimits

LIMITS = GatheringLimits(head_bytes=2000, body_bytes=500_000)
GET = b"GET /patient/?a=1 HTTP/1.1\r\nHost: x\r\n\r\n"
POST = b"POST /medic/uploads/s/files HTTP/1.1\r\nHost: x\r\nContent-Length: 11\r\n\r\nhello world"
CHUNKED = (
    b"POST /x HTTP/1.1\r\nTransfer-Encoding: Chunked\r\n\r\n5\r\nhello\r\n6;note=1\r\n world\r\n0\r\nTrailer: 1\r\n\r\n"
)
NEXT = b"GET /next HTTP/1.1\r\n\r\n"


open_gatherings = []


@pytest.fixture(autouse=True)
def closed_at_the_end():
    """No temporary file is left to the collector."""
    yield
    while open_gatherings:
        open_gatherings.pop().close()


def gathered(*pieces):
    gathering = Gathering(LIMITS, 0.0)
    open_gatherings.append(gathering)
    for piece in pieces:
        gathering.feed(piece)
    return gathering


@pytest.mark.parametrize("request_bytes", [GET, POST, CHUNKED], ids=["get", "post", "chunked"])
@given(cuts=st.lists(st.integers(0, 200), max_size=12))
def test_a_request_is_whole_at_its_last_byte_however_it_is_cut(request_bytes, cuts):
    edges = [0, *sorted(min(cut, len(request_bytes) - 1) for cut in cuts), len(request_bytes) - 1]
    gathering = gathered()
    for start, end in pairwise(edges):
        gathering.feed(request_bytes[start:end])
        assert not gathering.is_whole
    gathering.feed(request_bytes[-1:] + NEXT)
    assert gathering.is_whole
    assert not gathering.ends_connection
    request, rest = gathering.take()
    assert request.read() == request_bytes
    assert rest == NEXT


def test_the_path_is_known_as_it_was_asked_for():
    assert gathered(GET).path == "/patient/?a=1"
    assert gathered(POST).path == "/medic/uploads/s/files"
    assert gathered(b"\r\n\r\n").path == ""


def test_a_body_larger_than_memory_should_hold_comes_back_equal():
    body = bytes(range(256)) * 1500
    assert len(body) > IN_MEMORY_BYTES
    gathering = gathered(b"POST / HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % len(body), body)
    assert gathering.take()[0].read().endswith(body)


@pytest.mark.parametrize(
    "head",
    [
        b"POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: +5\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"POST / HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: 500001\r\n\r\n",
        b"GET / HTTP/1.1\r\nX: " + b"x" * 2000,
        b"\x16\x03\x01" + b"\x00" * 2000,
    ],
    ids=["two lengths", "sign", "both", "coding", "too long", "long head", "tls"],
)
def test_what_cannot_be_trusted_is_handed_on_and_ends_its_connection(head):
    gathering = gathered(head, b"more that may look like a request")
    assert gathering.is_whole
    assert gathering.ends_connection
    assert gathering.take()[0].read() == head


@pytest.mark.parametrize("body", [b"zz\r\n", b"-5\r\nhello", b"0" * 3000])
def test_a_chunked_body_that_is_none_ends_its_connection(body):
    gathering = gathered(b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", body)
    assert gathering.is_whole
    assert gathering.ends_connection


def test_a_chunked_body_without_end_is_cut_at_the_limit():
    gathering = gathered(b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", b"fffffff\r\n")
    for _ in range(60):
        gathering.feed(b"x" * 10_000)
    assert gathering.is_whole
    assert gathering.ends_connection
    assert gathering.size < LIMITS.body_bytes + 30_000


def test_a_client_that_waits_for_leave_to_send_is_known():
    assert gathered(POST[:-11].replace(b"Host: x", b"Expect: 100-continue")).wants_continue
    assert not gathered(POST[:-11]).wants_continue


def test_a_head_has_ten_seconds_and_a_body_what_its_bytes_need():
    head = gathered(GET[:10])
    assert not head.is_late(10.0)
    assert head.is_late(10.1)
    body = gathered(POST[:-1])
    assert not body.is_late(20.0)
    assert body.is_late(20.1)
    long = gathered(b"POST / HTTP/1.1\r\nContent-Length: 500000\r\n\r\n", b"x" * 409_600)
    assert not long.is_late(119.0)
    assert long.is_late(121.0)
