"""What a service manager hears, on a socket of its own."""

import os
import socket

import pytest

from hfs_emg.notify import Notifier, notifier_of


@pytest.fixture(params=["path", "abstract"])
def manager(request, tmp_path):
    """A service manager's end: what was told, so far."""
    name = str(tmp_path / "notify") if request.param == "path" else f"@hfs-emg-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(name.replace("@", "\0", 1) if name.startswith("@") else name)
        listening.setblocking(False)

        def told():
            found = []
            while True:
                try:
                    found.append(listening.recv(4096).decode())
                except BlockingIOError:
                    return found

        yield name, told


def test_the_whole_life_of_a_service_is_told(manager):
    name, told = manager
    environment = {"NOTIFY_SOCKET": name, "WATCHDOG_USEC": "30000000", "WATCHDOG_PID": str(os.getpid()), "HOME": "/"}
    notifier = notifier_of(environment)
    assert environment == {"HOME": "/"}, "children must not speak for us"
    notifier.starting("no board yet", 31)
    notifier.alive()
    notifier.alive()
    notifier.status("0:10  valid 98 %")
    notifier.status("0:11  valid 98 %")
    notifier.stopping()
    assert told() == [
        "STATUS=no board yet\nEXTEND_TIMEOUT_USEC=31000000",
        "READY=1",
        "WATCHDOG=1",
        "STATUS=0:10  valid 98 %",
        "STOPPING=1",
    ]


@pytest.mark.parametrize(
    "watchdog",
    [{}, {"WATCHDOG_USEC": "0"}, {"WATCHDOG_USEC": "soon"}, {"WATCHDOG_USEC": "5000000", "WATCHDOG_PID": "1"}],
)
def test_a_watchdog_that_is_not_ours_is_not_fed(manager, watchdog):
    name, told = manager
    notifier = notifier_of({"NOTIFY_SOCKET": name, **watchdog})
    notifier.alive()
    notifier.patience(660)
    assert told() == ["READY=1"]


@pytest.mark.parametrize("environment", [{}, {"NOTIFY_SOCKET": ""}, {"NOTIFY_SOCKET": "/nowhere/at/all"}])
def test_without_a_manager_nothing_is_told_and_nothing_fails(environment):
    notifier = notifier_of(environment)
    for tell in (notifier.alive, notifier.stopping, lambda: notifier.status("x"), lambda: notifier.patience(9)):
        tell()


def test_patience_never_shortens_what_the_manager_grants():
    told = []
    notifier = Notifier(told.append, 3600.0, lambda: 0.0)
    notifier.alive()
    notifier.patience(660)
    assert told == ["READY=1", "WATCHDOG=1"]
