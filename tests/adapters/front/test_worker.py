"""Gunicorn with our worker, as a process of its own, before a small application that says what it got."""

from __future__ import annotations

import hashlib
import http.client
import os
import socket
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from tests.ports import reserve_ports

ROOT = Path(__file__).parents[3]
FRONT = "oximetry.adapters.front.worker.FrontWorker"
APP = """
import hashlib
from flask import Flask, request
app = Flask("small")
app.config["MAX_CONTENT_LENGTH"] = 4_000_000

@app.route("/medic/uploads/hash", methods=["POST"])
def hashed():
    return hashlib.sha256(request.get_data()).hexdigest()

@app.route("/large")
def large():
    return b"0123456789abcdef" * 500_000

@app.route("/patient/")
def patient():
    return "patient"
"""


@pytest.fixture(scope="module")
def port(tmp_path_factory):
    folder = tmp_path_factory.mktemp("front")
    (folder / "small_app.py").write_text(APP)
    [chosen] = reserve_ports(1)
    command = [sys.executable, "-m", "gunicorn", "small_app:app", "--worker-class", FRONT, "--threads", "4"]
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}:{folder}"}
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(
            [*command, "--bind", f"127.0.0.1:{chosen}", "--no-control-socket", "--keep-alive", "75"],
            cwd=folder, env=environment, stdout=log, stderr=log,
        )  # fmt: skip
    try:
        give_up_at = time.monotonic() + 60
        while True:
            try:
                socket.create_connection(("127.0.0.1", chosen), 5).close()
                break
            except OSError:
                assert time.monotonic() < give_up_at, (folder / "log").read_text()
                time.sleep(0.05)
        yield chosen
    finally:
        server.terminate()
        assert server.wait(30) == 0, (folder / "log").read_text()
        assert "Traceback" not in (folder / "log").read_text()


@pytest.fixture
def client(port):
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=30)) as connection:
        yield connection


def raw(port):
    return socket.create_connection(("127.0.0.1", port), 30)


def answer(connection):
    """Everything until the server ends the connection."""
    received = b""
    while piece := connection.recv(65536):
        received += piece
    return received


def asked(client, method, path, body=None, headers=None):
    client.request(method, path, body, headers or {})
    response = client.getresponse()
    return response.status, response.read()


def test_many_requests_on_one_connection(client):
    body = os.urandom(1_500_000)
    for _ in range(3):
        assert asked(client, "GET", "/patient/") == (200, b"patient")
        digest = hashlib.sha256(body).hexdigest().encode()
        assert asked(client, "POST", "/medic/uploads/hash", body) == (200, digest)


def test_a_body_in_chunks_comes_through(client):
    pieces = [os.urandom(70_000) for _ in range(9)]
    digest = hashlib.sha256(b"".join(pieces)).hexdigest().encode()
    client.request("POST", "/medic/uploads/hash", iter(pieces), encode_chunked=True)
    response = client.getresponse()
    assert (response.status, response.read()) == (200, digest)
    assert asked(client, "GET", "/patient/") == (200, b"patient")


def test_requests_that_are_sent_in_one_piece_are_answered_in_their_order(port):
    first = b"POST /medic/uploads/hash HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello"
    last = b"GET /patient/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    with closing(raw(port)) as connection:
        connection.sendall(first + first + last)
        received = answer(connection)
    assert received.count(hashlib.sha256(b"hello").hexdigest().encode()) == 2
    assert received.endswith(b"patient")


def test_who_waits_for_leave_to_send_gets_it(port):
    with closing(raw(port)) as connection:
        head = b"POST /medic/uploads/hash HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nExpect: 100-continue\r\n"
        connection.sendall(head + b"Connection: close\r\n\r\n")
        assert connection.recv(100).startswith(b"HTTP/1.1 100 Continue")
        connection.sendall(b"hello")
        assert answer(connection).endswith(hashlib.sha256(b"hello").hexdigest().encode())


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (b"nonsense\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", b"400"),
        (b"POST /medic/uploads/hash HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n\r\n" + b"x" * 100_000, b"413"),
        (b"GET / HTTP/1.1\r\nX: " + b"x" * 100_000 + b"\r\n\r\n", b"4"),
    ],
    ids=["nonsense", "two lengths", "too long", "long head"],
)
def test_what_is_wrong_is_refused_and_ends_its_connection(port, request_bytes, status):
    with closing(raw(port)) as connection:
        connection.sendall(request_bytes)
        assert answer(connection).split(b" ")[1].startswith(status)


def test_slow_and_silent_clients_take_no_place(port, client):
    slow = [raw(port) for _ in range(60)]
    try:
        for number, connection in enumerate(slow):
            if number % 3 == 0:
                connection.sendall(b"GET /patient/ HTTP/1.1\r\nHos")
            elif number % 3 == 1:
                connection.sendall(b"POST /medic/uploads/hash HTTP/1.1\r\nHost: x\r\nContent-Length: 90\r\n\r\nhalf")
        assert asked(client, "GET", "/patient/") == (200, b"patient")
        slow[0].sendall(b"t: x\r\nConnection: close\r\n\r\n")
        assert answer(slow[0]).endswith(b"patient")
    finally:
        for connection in slow:
            connection.close()


def test_clients_that_do_not_read_take_no_place_and_get_all_of_it_later(port, client):
    unread = []
    try:
        for _ in range(8):
            connection = socket.socket()
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            connection.settimeout(60)
            connection.connect(("127.0.0.1", port))
            connection.sendall(b"GET /large HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            unread.append(connection)
        assert asked(client, "GET", "/patient/") == (200, b"patient")
        body = answer(unread[0]).partition(b"\r\n\r\n")[2]
        assert body == b"0123456789abcdef" * 500_000
    finally:
        for connection in unread:
            connection.close()
