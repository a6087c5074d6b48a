"""The channel: a message is whole and strict JSON, or it is an error."""

import json
import socket
import struct
import threading
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness import channel
from harness.channel import ChannelError


@pytest.fixture
def ends():
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, theirs


def framed(body):
    return struct.pack("!I", len(body)) + body


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@settings(derandomize=True, max_examples=60, deadline=None)
@given(st.dictionaries(st.text(max_size=8), VALUES, max_size=5))
def test_what_is_sent_is_what_is_received(message):
    ours, theirs = socket.socketpair()
    with ours, theirs:
        channel.send(ours, message)
        assert channel.receive(theirs) == message


def test_messages_keep_their_borders(ends):
    ours, theirs = ends
    for number in range(3):
        channel.send(ours, {"number": number})
    assert [channel.receive(theirs)["number"] for _ in range(3)] == [0, 1, 2]


def test_message_larger_than_any_socket_buffer_arrives_whole(ends):
    ours, theirs = ends
    message = {"text": "x" * 5_000_000}
    sender = threading.Thread(target=channel.send, args=(ours, message))
    sender.start()
    assert channel.receive(theirs) == message
    sender.join()


@pytest.mark.parametrize(("size", "cap"), [(2**32 - 1, channel.LARGEST_MESSAGE), (101, 100)])
def test_size_over_the_cap_is_refused_from_the_header_alone(ends, size, cap):
    ours, theirs = ends
    ours.sendall(struct.pack("!I", size))  # and never a byte of the body
    with pytest.raises(ChannelError, match=f"{size} bytes is over the cap"):
        channel.receive(theirs, cap=cap)


def test_message_of_exactly_the_cap_is_read(ends):
    ours, theirs = ends
    body = b'{"a":1}'
    ours.sendall(framed(body))
    assert channel.receive(theirs, cap=len(body)) == {"a": 1}


MALFORMED = {
    "not a number": b'{"a":NaN}',
    "infinity": b'{"a":Infinity}',
    "minus infinity": b'{"a":-Infinity}',
    "overflowing float": b'{"a":1e999}',
    "overflowing float deep inside": b'{"a":[{"b":[-1e999]}]}',
    "duplicate key": b'{"a":1,"a":2}',
    "duplicate key deep inside": b'{"a":[{"b":1,"b":1}]}',
    "duplicate key by escape": b'{"a":1,"\\u0061":2}',
    "list": b"[1]",
    "number": b"1",
    "text": b'"a"',
    "null": b"null",
    "nothing": b"",
    "half an object": b'{"a":1',
    "two objects": b'{"a":1}{"b":2}',
    "trailing rubbish": b'{"a":1}x',
    "not ASCII": '{"a":"ü"}'.encode(),
    "not text": b"\xff\xfe\x00",
    "NUL": b'{"a":1}\0',
    "single quotes": b"{'a':1}",
    "trailing comma": b'{"a":1,}',
    "integer of 5,000 digits": b'{"a":' + b"9" * 5_000 + b"}",
    "deep nesting": b'{"a":' + b"[" * 200_000 + b"]" * 200_000 + b"}",
    "deep objects": b'{"a":' * 200_000 + b"1" + b"}" * 200_000,
}


@pytest.mark.parametrize("body", MALFORMED.values(), ids=MALFORMED.keys())
def test_malformed_message_is_refused(body):
    with pytest.raises(ChannelError, match="malformed"):
        channel.parse(body)


def test_malformed_message_through_a_socket_is_refused_too(ends):
    ours, theirs = ends
    ours.sendall(framed(b'{"a":NaN}'))
    with pytest.raises(ChannelError, match="NaN"):
        channel.receive(theirs)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_what_no_receiver_would_take_is_not_sent(ends, value):
    ours, theirs = ends
    with pytest.raises(ValueError, match="JSON"):
        channel.send(ours, {"a": [value]})
    theirs.setblocking(False)
    with pytest.raises(BlockingIOError):
        theirs.recv(1)


@pytest.mark.parametrize("part", [b"", b"\0\0", struct.pack("!I", 10), framed(b'{"a":1}')[:-1]])
def test_closed_before_the_end_of_a_message_is_an_error(ends, part):
    ours, theirs = ends
    ours.sendall(part)
    ours.close()
    with pytest.raises(ChannelError, match="closed"):
        channel.receive(theirs)


@pytest.mark.parametrize("part", [b"", b"\0\0", framed(b'{"a":1}')[:-1]])
def test_message_that_stays_unfinished_ends_at_the_deadline(ends, part):
    ours, theirs = ends
    ours.sendall(part)
    with pytest.raises(TimeoutError):
        channel.receive(theirs, deadline=time.monotonic() + 0.05)


def test_sender_that_dribbles_cannot_stretch_the_deadline(ends):
    ours, theirs = ends
    stop = threading.Event()

    def dribble():
        ours.sendall(struct.pack("!I", 1000))
        while not stop.wait(0.01):
            ours.sendall(b" ")

    sender = threading.Thread(target=dribble)
    sender.start()
    try:
        with pytest.raises(TimeoutError):
            channel.receive(theirs, deadline=time.monotonic() + 0.2)
    finally:
        stop.set()
        sender.join()


def test_deadline_in_the_past_reads_nothing(ends):
    ours, theirs = ends
    channel.send(ours, {"a": 1})
    with pytest.raises(TimeoutError):
        channel.receive(theirs, deadline=time.monotonic() - 1)


def test_cancelling_ends_a_wait_that_has_no_message(ends):
    _, theirs = ends
    cancelled = threading.Event()
    cancelled.set()
    with pytest.raises(ChannelError, match="cancelled"):
        channel.receive(theirs, deadline=time.monotonic() + 60, cancelled=cancelled)


@settings(derandomize=True, max_examples=200, deadline=None)
@given(st.binary(max_size=60) | st.text(alphabet='{}[]":,0123456789eE+-.\\utrfalsn ', max_size=40).map(str.encode))
def test_any_bytes_are_one_object_or_a_channel_error(body):
    try:
        message = channel.parse(body)
    except ChannelError:
        return
    assert type(message) is dict
    json.dumps(message, allow_nan=False)
