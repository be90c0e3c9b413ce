"""Nothing gets in without the link, nothing is changed from elsewhere, and no word of a client becomes a path or a script."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from rooms import HOST, Inside
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from hfs_emg.web import guard
from hfs_emg.web.admission import IDLE_S, LINK_LASTS_S
from hfs_emg.web.application import PAGES, Web, application, routes
from hfs_emg.web.guard import LARGEST_BODY

PATHS = ["/", "/live", "/calibrate", "/devices", "/subjects/S01", "/sessions/S01/20260101T000000Z-0000", "/nothing"]


@pytest.mark.parametrize("path", PATHS)
def test_no_page_is_shown_to_a_browser_that_was_not_let_in(outside: TestClient, path: str) -> None:
    answer = outside.get(path)
    assert answer.status_code == 401
    assert "S01" not in answer.text


def test_a_link_opens_once(outside: TestClient, web: Web) -> None:
    link = f"/enter?token={web.admission.invite()}"
    assert outside.get(link).status_code == 200
    outside.cookies.clear()
    assert outside.get(link).status_code == 403
    assert outside.get("/enter?token=").status_code == 403
    assert outside.get("/").status_code == 401


def test_a_used_link_brings_a_new_one_onto_the_terminal_and_a_guess_does_not(web: Web) -> None:
    asked: list[int] = []
    with TestClient(application(web, used_link=lambda: asked.append(1)), base_url=HOST) as client:
        link = f"/enter?token={web.admission.invite()}"
        client.get(link)
        client.cookies.clear()
        client.get("/enter?token=guess")
        assert not asked
        client.get(link)
        assert asked


def test_links_for_other_devices_and_idle_browsers_run_out(inside: Inside, web: Web, clock) -> None:
    late = web.admission.invite(LINK_LASTS_S)
    clock.now += LINK_LASTS_S + 1
    assert web.admission.admit(late) is None
    assert inside.get("/").status_code == 200
    clock.now += IDLE_S + 1
    assert inside.get("/").status_code == 401


def test_the_cookie_is_kept_from_scripts_and_other_sites(outside: TestClient, web: Web) -> None:
    cookie = outside.get(f"/enter?token={web.admission.invite()}").headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert "path=/" in cookie
    assert web.place.cookie.endswith("8474")


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example:8474", "127.0.0.1", "127.0.0.1:9999", ""])
def test_a_request_under_another_name_is_refused(inside: Inside, host: str) -> None:
    """DNS rebinding: the browser believes that it speaks to the name in Host."""
    assert inside.client.get("/", headers={"host": host}).status_code == 421


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "https://127.0.0.1:8474", "http://127.0.0.1:9999", None]
)
def test_a_change_from_another_page_is_refused(inside: Inside, origin: str | None) -> None:
    assert inside.post("/devices/link", origin=origin).status_code == 403


@pytest.mark.parametrize("token", ["", "x", "é"])
def test_a_change_without_the_pages_token_is_refused(inside: Inside, token: str) -> None:
    assert inside.post("/devices/link", token=token).status_code == 403


def test_a_change_with_its_token_is_made_by_header_and_by_form(inside: Inside) -> None:
    assert inside.post("/devices/link").status_code == 200
    assert inside.post("/devices/link", token="", data={"change_token": inside.token}).status_code == 200


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
def test_other_methods_are_refused(inside: Inside, method: str) -> None:
    assert inside.client.request(method, "/").status_code == 405


def test_nothing_is_changed_by_reading(inside: Inside) -> None:
    for path in ("/live/ask", "/live/mark", "/calibrate/begin", "/calibrate/act", "/devices/link", "/devices/leave"):
        assert inside.get(path).status_code == 405
    assert inside.get("/").status_code == 200


def test_every_page_is_kept_in_by_its_headers(inside: Inside) -> None:
    headers = inside.get("/").headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["cross-origin-opener-policy"] == headers["cross-origin-resource-policy"] == "same-origin"
    assert "camera=()" in headers["permissions-policy"]
    assert headers["cache-control"] == "no-store"
    assert headers["referrer-policy"] == "same-origin"


def test_a_body_beyond_the_limit_is_refused(inside: Inside) -> None:
    assert inside.post("/live/mark", content=b"x" * (LARGEST_BODY + 1)).status_code == 413
    assert inside.get("/").status_code == 200


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"\xff\xfe", b'{"what": "erase"}', b'{"what": "stop", "more": 1}', b"[" * 5000]
)
def test_a_body_that_is_not_understood_is_told_so(web: Web, outside: TestClient, body: bytes) -> None:
    from hfs_emg.web.feed import Feed
    from hfs_emg.web.station import Station

    web.station = Station(Feed(), subject="S01")
    answer = Inside.of(outside, web).post("/live/ask", content=body)
    assert answer.status_code == 400
    assert "not understood" in answer.text


def test_too_many_tries_of_links_are_refused_for_a_while(outside: TestClient, clock, web: Web) -> None:
    answers = [outside.get("/enter?token=guess").status_code for _ in range(12)]
    assert answers[0] == 403
    assert answers[-1] == 429
    good = web.admission.invite()
    assert outside.get(f"/enter?token={good}").status_code == 429
    clock.now += 6
    assert outside.get(f"/enter?token={good}").status_code == 200


def test_too_many_requests_are_refused_for_a_while(
    web: Web, clock: Callable[[], float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guard, "REQUEST_RATE", (5.0, 1.0))
    with TestClient(application(web), base_url=HOST) as client:
        answers = [client.get("/static/base.css").status_code for _ in range(6)]
        assert answers == [200] * 5 + [429]
        clock.now += 5  # type: ignore[attr-defined]
        assert client.get("/static/base.css").status_code == 200


TRAVERSALS = [
    "/sessions/S01/..%2F..%2Fetc",
    "/sessions/S01/%2Fetc",
    "/sessions/%2e%2e/%2e%2e",
    "/sessions/S01/20260101T000000Z-0000%00",
    "/subjects/%2e%2e%2f",
    "/subjects/<script>",
    "/static/..%2fapplication.py",
    "/static/%2e%2e/%2e%2e/__init__.py",
    "/static//etc/passwd",
]


@pytest.mark.parametrize("path", TRAVERSALS)
def test_no_path_leads_out_of_the_store_or_the_static_files(inside: Inside, told: str, path: str) -> None:
    answer = inside.get(path)
    assert answer.status_code in (404, 405), path
    assert "root:" not in answer.text
    assert "import " not in answer.text


def test_a_link_that_leads_out_of_the_store_is_not_followed(inside: Inside, told: str, web: Web, tmp_path) -> None:
    away = tmp_path / "elsewhere"
    (web.store.root / "S01" / told).rename(away)
    (web.store.root / "S01" / told).symlink_to(away)
    assert inside.get(f"/sessions/S01/{told}").status_code == 404


SCRIPT = "<script>alert(1)</script>"


def test_a_script_in_a_subjects_code_is_shown_to_nobody(inside: Inside, told: str) -> None:
    answer = inside.get(f"/subjects/{SCRIPT}")
    assert answer.status_code == 404
    assert SCRIPT not in answer.text


def test_pages_name_what_the_store_holds(inside: Inside, told: str) -> None:
    assert "S01" in inside.get("/").text
    page = inside.get(f"/sessions/S01/{told}").text
    assert told in page
    assert "Simulated" in page


def test_every_page_says_when_others_can_read_it(inside: Inside, web: Web) -> None:
    assert "Not encrypted" not in inside.get("/").text
    web.place = replace(web.place, loopback=False)
    for path in ("/", "/live", "/calibrate", "/devices"):
        assert "Not encrypted" in inside.get(path).text
    web.place = replace(web.place, secure=True)
    assert not web.place.unprotected


def test_a_device_that_leaves_is_out(inside: Inside) -> None:
    assert inside.post("/devices/leave").status_code == 303
    assert inside.get("/").status_code == 401


@pytest.mark.parametrize("headers", [{}, {"origin": "http://evil.example"}, {"origin": HOST, "host": "evil.example"}])
def test_a_socket_from_elsewhere_is_not_opened(web: Web, outside: TestClient, headers: dict[str, str]) -> None:
    from hfs_emg.web.feed import Feed
    from hfs_emg.web.station import Station

    web.station = Station(Feed(), subject="S01")
    client = Inside.of(outside, web).client
    feed = HOST.replace("http:", "ws:") + "/live/feed"  # by its own name: the cookie goes nowhere else
    with client.websocket_connect(feed, headers={"origin": HOST}):
        pass
    with pytest.raises(WebSocketDisconnect), client.websocket_connect(feed, headers=headers):
        pass
    client.cookies.clear()
    with pytest.raises(WebSocketDisconnect), client.websocket_connect(feed, headers={"origin": HOST}):
        pass


def test_a_link_is_not_used_up_by_a_program_that_only_looks(outside: TestClient, web: Web) -> None:
    """As mail programs and chats do, with HEAD, before anybody opens it."""
    link = f"/enter?token={web.admission.invite()}"
    assert outside.head(link).status_code == 403
    assert outside.get(link).status_code == 200


def test_a_request_under_two_names_is_refused(inside: Inside) -> None:
    own = HOST.removeprefix("http://")
    request = inside.client.build_request("GET", "/", headers=[("host", own), ("host", "evil.example")])
    assert inside.client.send(request).status_code == 421


def test_every_page_module_is_hung_on() -> None:
    assert len(PAGES) == len(set(PAGES))
    paths = [(getattr(route, "path", ""), str(getattr(route, "methods", ""))) for route in routes()]
    assert len(paths) == len(set(paths)), "two pages answer under one path"
