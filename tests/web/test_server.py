"""A real server on a free port: slow and silent connections, a port that is taken, a server that dies beside a recording."""

from __future__ import annotations

import asyncio
import shutil
import socket
import ssl
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from rooms import Process

from hfs_emg.errors import RequestError
from hfs_emg.session.store import Store
from hfs_emg.web import guard, server
from hfs_emg.web.admission import Admission
from hfs_emg.web.application import Web, application
from hfs_emg.web.server import Address, Server, now_s


@pytest.fixture
def running(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Server, Web]]:
    monkeypatch.setattr(server, "SLOWEST_HEADERS_S", 0.4)
    monkeypatch.setattr(guard, "SLOWEST_BODY_S", 0.4)
    listening = Server(Address(port=0))
    web = Web(Store(tmp_path / "store"), listening.place, Admission(now_s), now_s)
    listening.start(application(web))
    listening.wait_until_serving()
    yield listening, web
    listening.stop()


def spoken(port: int, words: bytes, *, wait_s: float = 5.0) -> bytes:
    """What a server answers to these bytes until it closes, or within a time."""
    with socket.create_connection(("127.0.0.1", port), timeout=wait_s) as line:
        line.sendall(words)
        answer = b""
        try:
            while part := line.recv(65536):
                answer += part
                if b"</html>" in answer:
                    break
        except TimeoutError:
            return answer + b"...still open"
        return answer


def test_headers_that_never_end_are_cut_off(running: tuple[Server, Web]) -> None:
    port = running[0].place.port
    for words in (b"", b"GET / HTTP/1.1\r\nHost: ", b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: 1\r\n"):
        assert b"still open" not in spoken(port, words)


def test_a_body_that_never_ends_is_told_to_be_too_slow(running: tuple[Server, Web]) -> None:
    listening, web = running
    place = listening.place
    admitted = web.admission.admit(web.admission.invite())
    assert admitted is not None
    head = (
        f"POST /devices/link HTTP/1.1\r\nHost: 127.0.0.1:{place.port}\r\nOrigin: {place.origin}\r\n"
        f"Cookie: {place.cookie}={admitted[0]}\r\nContent-Length: 100\r\n\r\nabc"
    )
    assert b" 408 " in spoken(place.port, head.encode()).split(b"\r\n")[0]


@pytest.mark.parametrize(
    "words",
    [
        b"\x16\x03\x01\x02\x00\x01",
        b"GET / HTTP/9\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"A: " + b"x" * 40_000 + b"\r\n\r\n",
    ],
)
def test_what_is_no_request_harms_nobody(running: tuple[Server, Web], words: bytes) -> None:
    port = running[0].place.port
    assert b"still open" not in spoken(port, words)
    good = f"GET /static/base.css HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n"
    assert spoken(port, good.encode()).startswith(b"HTTP/1.1 200")


def test_a_port_that_is_taken_is_told(running: tuple[Server, Web]) -> None:
    with pytest.raises(RequestError, match="choose another with --host and --port"):
        Server(Address(port=running[0].place.port))


@pytest.mark.parametrize(
    ("address", "words"),
    [
        (Address(host="192.0.2.1", port=0), "Nothing can be served"),
        (Address(host="no such host", port=0), "no address of this computer"),
        (Address(port=99999), "choose another"),
        (Address(port=0, certificate=Path("missing.pem")), "both files"),
        (Address(port=0, certificate=Path("missing.pem"), key=Path("missing.pem")), "no file"),
    ],
)
def test_an_address_that_cannot_be_is_told(address: Address, words: str) -> None:
    with pytest.raises(RequestError, match=words):
        Server(address)


def test_files_that_are_no_certificate_are_told(tmp_path: Path, web: Web) -> None:
    wrong = tmp_path / "wrong.pem"
    wrong.write_text("no certificate")
    listening = Server(Address(port=0, certificate=wrong, key=wrong))
    with pytest.raises(RequestError, match="not usable"):
        listening.start(application(web))
    listening.stop()


@pytest.mark.skipif(
    shutil.which("openssl") is None, reason="no openssl to make a certificate with: sudo apt install openssl"
)
def test_over_tls_the_link_is_https_and_the_cookie_secure(tmp_path: Path) -> None:
    certificate, key = tmp_path / "clinic.pem", tmp_path / "clinic-key.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=localhost"]
    subprocess.run([*command, "-keyout", str(key), "-out", str(certificate)], check=True, capture_output=True)
    listening = Server(Address(port=0, certificate=certificate, key=key))
    web = Web(Store(tmp_path / "store"), listening.place, Admission(now_s), now_s)
    listening.start(application(web))
    try:
        listening.wait_until_serving()
        link = listening.place.link(web.admission.invite())
        assert link.startswith("https://")
        trusting = ssl._create_unverified_context()
        with urllib.request.urlopen(link, context=trusting) as answer:
            cookie = answer.headers["set-cookie"]
        assert cookie.startswith("__Host-")
        assert "; secure" in cookie.lower()
    finally:
        listening.stop()


def test_the_recording_goes_on_when_the_server_dies(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The server's loop is broken from within, as a fault of the program would; it is told once, in a sentence."""
    import gc

    from hfs_emg.cli import main
    from hfs_emg.web.feed import Feed

    deaths = []

    async def dying(self: Feed) -> None:
        await asyncio.sleep(0.05)
        deaths.append(time.monotonic())
        raise SystemExit("the server's thread is gone")

    monkeypatch.setattr(Feed, "run", dying)
    url = "sim:moderate-right?seed=7&speed=virtual"
    arguments = ["record", "--web", "--port", "0", "--board", url, "--subject", "S01", "--duration", "20"]
    assert main([*arguments, "--store", str(tmp_path)]) == 0
    assert deaths
    gc.collect()
    assert "never retrieved" not in caplog.text
    assert "The web pages have ended (SystemExit" in capsys.readouterr().err
    (summary,) = Store(tmp_path).sessions()
    assert (summary.state, summary.duration_s) == ("finished", 20.0)


def test_serve_ends_by_a_signal_with_status_0(hfs, tmp_path: Path) -> None:
    process: Process = hfs("serve", "--port", "0", "--store", str(tmp_path / "empty"))
    assert process.origin.startswith("http://127.0.0.1:")
    assert process.end() == 0
