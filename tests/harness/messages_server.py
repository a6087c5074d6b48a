"""A small server on loopback that speaks the Messages API as far as the loop uses it, well and badly.

Replies come from a script, or from a function of the request (a "researcher"). Every request is kept. Faults are told
by what they do to the wire, so that the real SDK and real sockets see them.
"""

import contextlib
import json
import socket
import struct
import threading
from dataclasses import asdict, dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.harness.briefings import make_proposal

KEY = "sk-ant-api03-TOP_secret-0123456789"
USAGE = {
    "input_tokens": 1000,
    "output_tokens": 500,
    "cache_read_input_tokens": 0,
    "cache_creation_input_tokens": 0,
}
DOLLARS = (1000 * 4 + 500 * 20) / 1e6  # of USAGE, for the default model
HTML = {"Content-Type": "text/html"}


@dataclass
class Scripted:
    """One HTTP answer.

    `fault` is what goes wrong on the way: "cut" closes in the middle of the body, "reset" resets the connection before
    any of it, "silent" answers nothing until the server stops, "drip" sends a byte now and then for ever.
    """

    body: str
    status: int = 200
    headers: dict = field(default_factory=dict)
    fault: str = ""


class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.requests.append((self.path, dict(self.headers), body))
        self.close_connection = True
        answers = self.server.count if self.path.endswith("/count_tokens") else self.server.answer
        reply = answers(body)
        if reply.fault == "silent":
            self.server.stopping.wait(60)
        elif reply.fault == "reset":
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()
        else:
            with contextlib.suppress(OSError):  # the client may have had enough
                self.send(reply)

    def send(self, reply):
        data = reply.body.encode()
        self.send_response(reply.status)
        for name, value in {"Content-Type": "application/json", **reply.headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data) + 6000 * (reply.fault == "drip")))
        self.end_headers()
        if reply.fault == "drip":
            for _ in range(6000):
                self.wfile.write(b" ")
                if self.server.stopping.wait(0.01):
                    return
        self.wfile.write(data[: len(data) // 2] if reply.fault == "cut" else data)

    def handle(self):
        with contextlib.suppress(OSError):
            super().handle()

    def finish(self):
        with contextlib.suppress(OSError):
            super().finish()

    def log_message(self, *arguments):
        del arguments


@contextlib.contextmanager
def serve(*replies, answer=None, count=None):
    """A running server. `answer` and `count` are functions from a request's body to a Scripted."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.replies, server.requests, server.stopping = list(replies), [], threading.Event()
    out_of_replies = Scripted('{"type": "error", "error": {"type": "x", "message": "out of replies"}}', 418)
    server.answer = answer or (lambda _: server.replies.pop(0) if server.replies else out_of_replies)
    server.count = count or (lambda _: failure(404, "not_found_error"))
    server.address = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.stopping.set()
        server.shutdown()
        thread.join()
        server.server_close()


def message(content, stop="tool_use", **changes):
    """A whole reply."""
    fields = {"id": "m1", "type": "message", "role": "assistant", "model": "model-x", "content": content}
    return Scripted(json.dumps({**fields, "stop_reason": stop, "stop_sequence": None, "usage": USAGE, **changes}))


def call(proposal=None, block_id="t1", name="propose"):
    """A tool call with a proposal: a record, or a plain mapping."""
    given = make_proposal() if proposal is None else proposal
    plain = given if isinstance(given, dict) else asdict(given)
    return {"type": "tool_use", "id": block_id, "name": name, "input": json.loads(json.dumps(plain))}


def text(words):
    """A text block."""
    return {"type": "text", "text": words}


def failure(status, kind="api_error", headers=None, words=f"failed with {KEY}", **details):
    """An error as the API sends it; it repeats the key, as a careless proxy might."""
    error = {"type": kind, "message": words, **details}
    return Scripted(json.dumps({"type": "error", "error": error}), status, headers or {})


def counted(tokens):
    """An answer to count_tokens."""
    return lambda _: Scripted(json.dumps({"input_tokens": tokens}))
