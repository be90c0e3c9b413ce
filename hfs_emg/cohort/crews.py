"""Who analyses: processes on this machine, or a Dask cluster. Both take work as `concurrent.futures` does.

To speak to a Dask scheduler is to let it run programs here and on its workers: without TLS it is taken on this machine's loopback alone,
unless the caller insists.
"""

from __future__ import annotations

import ipaddress
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

from hfs_emg.cohort.documents import Failure, Plan
from hfs_emg.cohort.unit import analyse_unit
from hfs_emg.cohort.units import Unit
from hfs_emg.errors import RequestError
from hfs_emg.extras import needed

Result = bytes | Failure

ANSWER_S = 15
"""Within this a scheduler has answered."""


class Crew(Protocol):
    """Workers that take sessions."""

    def submit(self, unit: Unit, plan: Plan) -> Future[Result]:
        """Have a session analysed."""

    def width(self) -> int:
        """How many sessions it pays to have handed out at once."""


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """PEM files of this end: who signs, what this end shows, and its key."""

    authority: Path
    certificate: Path
    key: Path


@dataclass(frozen=True, slots=True)
class _Crew:
    executor: Any
    workers: Callable[[], int]

    def submit(self, unit: Unit, plan: Plan) -> Future[Result]:
        future: Future[Result] = self.executor.submit(analyse_unit, unit, plan)
        return future

    def width(self) -> int:
        return 2 * max(1, self.workers())


@contextmanager
def processes(workers: int) -> Iterator[Crew]:
    """So many processes of this machine. When the body fails they are ended at once: what they were at is not lost, it is missing."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context, initializer=_begin) as executor:
        before = {child.pid for child in multiprocessing.active_children()}
        try:
            yield _Crew(executor, lambda: workers)
        except BaseException:
            for child in multiprocessing.active_children():
                if child.pid not in before:
                    child.terminate()
            raise


def _begin() -> None:
    """A worker leaves Ctrl-C to its parent, and ends when the parent is no more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    assert parent is not None

    def end_with_parent() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=end_with_parent, daemon=True).start()


def check_address(address: str, *, insecure: bool) -> None:
    """Raise RequestError for a scheduler that is not to be spoken to."""
    try:
        parts = urlsplit(address)
        complete = bool(parts.hostname and parts.port)
    except ValueError:
        complete = False
    if not complete:
        raise RequestError(f"'{address}' is no scheduler: say it as in tls://scheduler.example:8786.")
    if parts.scheme not in ("tls", "tcp"):
        raise RequestError(f"'{address}': a scheduler is reached by tls://, on this machine also by tcp://.")
    if parts.scheme == "tcp" and not insecure and not _on_this_machine(str(parts.hostname)):
        raise RequestError(
            f"'{address}' would send recordings' findings and programs in the clear: start the scheduler with TLS and say tls://, "
            "or insist with --insecure-network."
        )


def _on_this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


@contextmanager
def dask(
    address: str, tls: TlsFiles | None = None, *, insecure: bool = False, say: Callable[[str], None]
) -> Iterator[Crew]:
    """The workers of a Dask scheduler. tls: else what Dask's own configuration names.

    say: told once when no worker is there. Raises RequestError when the scheduler may not be spoken to or does not answer.
    """
    check_address(address, insecure=insecure)
    distributed = needed("distributed", "cluster")
    security = _security(distributed, tls) if address.startswith("tls:") else None
    try:
        client = distributed.Client(address, security=security, timeout=ANSWER_S, set_as_default=False)
    except (OSError, TimeoutError) as error:
        raise RequestError(
            f"The scheduler {address} does not answer ({str(error) or f'nothing in {ANSWER_S} s'}): check it and the certificates."
        ) from None
    try:
        threads = sum(client.nthreads().values())
        if not threads:
            say(f"No worker has joined {address} yet: start one with `dask worker {address} --nthreads 1`.")
        executor = client.get_executor(pure=False)
        try:
            yield _Crew(executor, lambda: sum(client.nthreads().values()))
        finally:
            executor.shutdown(wait=False)
    finally:
        client.close(timeout=5)


def _security(distributed: Any, tls: TlsFiles | None) -> Any:
    names = {}
    if tls is not None:
        for path in (tls.authority, tls.certificate, tls.key):
            if not path.is_file():
                raise RequestError(f"{path} does not exist: name the PEM files of this end.")
        files = {"ca_file": tls.authority, "client_cert": tls.certificate, "client_key": tls.key}
        names = {f"tls_{name}": str(path) for name, path in files.items()}
    security = distributed.Security(require_encryption=True, **names)
    if not security.tls_ca_file:
        raise RequestError(
            "No certificates: give --tls-ca, --tls-cert and --tls-key, or name them in Dask's configuration (distributed.comm.tls)."
        )
    return security
