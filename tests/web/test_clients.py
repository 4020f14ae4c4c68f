"""Clients that send too much, too little, or nothing at all: each is told or let go, and nobody waits."""

import socket
import time

import pytest

from bot.web import frame, patience


def test_an_oversize_body_is_refused_whether_it_says_so_or_not(site, admin):
    big = b"csrf=" + b"x" * 200_000
    headers = {"content-type": "application/x-www-form-urlencoded"}
    assert admin.post("/verdict", content=big, headers=headers).status_code == 413

    def drip():
        for _ in range(200):
            yield b"x" * 1_000

    assert admin.post("/verdict", content=drip(), headers=headers).status_code == 400
    assert admin.get("/log").status_code == 200


@pytest.mark.parametrize("kind", ["application/json", "multipart/form-data", "", "text/plain"])
def test_a_form_of_another_kind_is_refused(admin, kind):
    answer = admin.post("/verdict", content=b"{}", headers={"content-type": kind})
    assert answer.status_code == 400


def test_too_many_fields_or_bad_bytes_are_refused(admin):
    headers = {"content-type": "application/x-www-form-urlencoded"}
    for body in (b"&".join(b"a=1" for _ in range(1000)), b"csrf=\xff\xfe"):
        assert admin.post("/verdict", content=body, headers=headers).status_code in (400, 403)
    assert admin.get("/log?" + "a" * 10_000).status_code == 414


def test_slow_clients_keep_nobody_waiting(site, admin):
    slow = []
    for _ in range(100):
        one = socket.create_connection(("127.0.0.1", site.port))
        one.sendall(b"POST /enter HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 50\r\nX-Slow: ")
        slow.append(one)
    started = time.monotonic()
    assert admin.get("/log").status_code == 200
    assert time.monotonic() - started < 5
    for one in slow:
        one.close()


@pytest.mark.parametrize("begun", [b"", b"GET /log HTTP/1.1\r\nHost: 127."])
@pytest.mark.parametrize("kept", [False, True], ids=["at first", "after an answer"])
def test_a_client_that_says_nothing_more_is_let_go(site, monkeypatch, begun, kept):
    monkeypatch.setattr(patience, "HEAD_S", 0.5)
    with socket.create_connection(("127.0.0.1", site.port)) as slow:
        slow.settimeout(10)
        if kept:
            slow.sendall(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            answer = b""
            while not answer.endswith(b"ok\n"):
                answer += slow.recv(4_096)
            begun = begun or b"G"
        slow.sendall(begun)
        assert slow.recv(4_096) == b""


def test_a_page_that_takes_longer_than_a_head_may_is_not_cut_off(site, admin, monkeypatch):
    monkeypatch.setattr(patience, "HEAD_S", 0.3)
    with admin.stream("GET", "/log/live") as live:
        begun = time.monotonic()
        for _ in live.iter_lines():
            if time.monotonic() - begun > 3:
                break
    assert time.monotonic() - begun > 3


def test_a_body_that_drips_is_given_up_and_keeps_nobody_waiting(site, admin, monkeypatch):
    monkeypatch.setattr(frame, "BODY_S", 0.5)
    with socket.create_connection(("127.0.0.1", site.port)) as slow:
        slow.sendall(
            b"POST /enter HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 50\r\n"
            b"Content-Type: application/x-www-form-urlencoded\r\n\r\nkey="
        )
        assert admin.get("/log").status_code == 200
        slow.settimeout(10)
        assert b" 400 " in slow.recv(4_096)
