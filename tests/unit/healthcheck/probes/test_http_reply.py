"""The reader of replies: pieces do not matter, and nothing but BadReply comes out."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from healthcheck.probes.http_reply import BadReply, Reply

WHOLE = [
    b"HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\nhello world",
    b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.0 200\nServer: x\n\nhello world",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n"
    b"6\r\nhello \r\n5 ; a=b\r\nworld\r\n0\r\nA: b\r\n\r\n",
]


def pieces_of(data, cuts):
    places = sorted({0, len(data), *(cut % len(data) for cut in cuts)})
    return [data[a:b] for a, b in pairwise(places)]


@given(st.sampled_from(WHOLE), st.lists(st.integers(0, 200)))
def test_however_it_is_cut_it_is_the_same(whole, cuts):
    body = []
    reply = Reply(body.append)
    ends = [reply.feed(piece) for piece in pieces_of(whole, cuts)]
    reply.close() if whole is WHOLE[1] else None
    assert reply.status == 200
    assert b"".join(body) == b"hello world"
    assert ends == [False] * (len(ends) - 1) + [whole is not WHOLE[1]]


@given(
    st.lists(st.integers(0, 200)),
    st.lists(st.tuples(st.integers(0, 200), st.binary(max_size=3)), min_size=1, max_size=3),
    st.sampled_from(WHOLE),
)
def test_a_mutilated_reply_raises_bad_reply_or_nothing(cuts, changes, whole):
    for at, octets in changes:
        place = at % len(whole)
        whole = whole[:place] + octets + whole[place + 1 :]
    reply = Reply()
    try:
        for piece in pieces_of(whole, cuts):
            if reply.feed(piece):
                return
        reply.close()
    except BadReply as exc:
        assert str(exc)


def test_status_is_known_with_the_header():
    reply = Reply()
    assert not reply.feed(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r")
    assert reply.status is None
    assert not reply.feed(b"\n")
    assert reply.status == 200


@pytest.mark.parametrize("status", [b"204 No Content", b"304 Not Modified"])
def test_no_body_whatever_the_length_says(status):
    assert Reply().feed(b"HTTP/1.1 " + status + b"\r\nContent-Length: 5\r\n\r\n")


def test_switching_protocols_is_final():
    reply = Reply()
    reply.feed(b"HTTP/1.1 101 Switching Protocols\r\n\r\n")
    assert reply.status == 101
