"""An emulated board on a real pseudo-terminal, in real time: any program that can talk to a Cyton's port can talk to it.

A thread moves the emulator's clock with the machine's. What the reader does not fetch waits in the kernel's buffer and in 64 kB of ours;
beyond that whole stretches are dropped, as a real dongle's buffers overrun. While nobody has the port open, bytes are dropped too.
"""

from __future__ import annotations

import contextlib
import errno
import os
import pty
import select
import threading
import tty
from pathlib import Path
from types import TracebackType

from firmware_bridge.emulator import CytonEmulator
from firmware_bridge.faults import Fault
from firmware_bridge.links import boottime_s

QUEUE_BYTES = 65536
_IDLE_S = 0.05


class PtyServer:
    """Serves from construction until `close`, as a context manager.

    link_path: a symlink with a stable name, replaced if it is one already. latency_s: how often bytes are handed over; 0.016 is an
    FTDI adapter's usual timer. The emulator belongs to the server's thread: inject faults through `inject`.
    """

    def __init__(self, emulator: CytonEmulator, link_path: Path | None = None, latency_s: float = 0.008) -> None:
        self._emulator = emulator
        self._latency_s = latency_s
        self._lock = threading.Lock()
        self._queue = bytearray()
        self.dropped_bytes = 0
        self._master, slave = pty.openpty()
        self.path = os.ttyname(slave)
        tty.setraw(slave)
        # Left open, it would keep us from seeing that a client has gone.
        os.close(slave)
        os.set_blocking(self._master, False)
        self._link_path = link_path
        if link_path is not None:
            if link_path.is_symlink():
                link_path.unlink()
            link_path.symlink_to(self.path)
        self._wake_read, self._wake_write = os.pipe()
        self._ending = False
        self._thread = threading.Thread(target=self._serve, name="cyton-pty", daemon=True)
        self._thread.start()

    def __enter__(self) -> PtyServer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def serving(self) -> bool:
        """Whether the port still exists."""
        return self._thread.is_alive()

    def inject(self, fault: Fault | str) -> None:
        """A fault, at once or at its time. Raises ValueError for words that name none."""
        with self._lock:
            self._emulator.faults.inject(fault)

    def unplug(self) -> None:
        """Hang up: whoever has the port open loses it, and its name is gone."""
        self.inject("unplug")
        self._end()

    def close(self) -> None:
        """End the thread and remove the symlink. May be called twice."""
        self._end()
        if self._link_path is not None and self._link_path.is_symlink():
            with contextlib.suppress(FileNotFoundError):
                if str(self._link_path.readlink()) == self.path:
                    self._link_path.unlink()

    def _end(self) -> None:
        if not self._ending:
            self._ending = True
            os.write(self._wake_write, b"x")
            self._thread.join()
            os.close(self._wake_write)
            os.close(self._wake_read)

    def _serve(self) -> None:
        begun_s = boottime_s() - self._emulator.now_s
        try:
            while not self._ending:
                with self._lock:
                    self._emulator.advance(boottime_s() - begun_s)
                    if self._emulator.unplugged:
                        return
                    self._enqueue(self._emulator.take())
                    wait_s = self._emulator.next_event_s() + begun_s - boottime_s()
                listening = self._flush()
                # Nobody there, nothing to hurry for; poll would come back at once with the hang-up.
                self._wait(min(_IDLE_S, max(self._latency_s, wait_s)), watch=listening)
        finally:
            os.close(self._master)

    def _wait(self, timeout_s: float, *, watch: bool) -> None:
        watched = [self._wake_read, self._master] if watch else [self._wake_read]
        ready, _, _ = select.select(watched, [], [], timeout_s)
        if self._master not in ready:
            return
        try:
            data = os.read(self._master, 4096)
        except OSError as error:
            if error.errno not in (errno.EIO, errno.EAGAIN):
                raise
            return
        with self._lock:
            self._emulator.receive(data)

    def _enqueue(self, data: bytes) -> None:
        if len(self._queue) + len(data) > QUEUE_BYTES:
            self.dropped_bytes += len(data)
        else:
            self._queue += data

    def _flush(self) -> bool:
        """Write what the pty takes; False when nobody has it open."""
        poll = select.poll()
        poll.register(self._master, select.POLLOUT)
        events = poll.poll(0)
        if events and events[0][1] & select.POLLHUP:
            self._queue.clear()
            return False
        while self._queue:
            try:
                written = os.write(self._master, self._queue)
            except BlockingIOError:
                break
            except OSError as error:
                if error.errno != errno.EIO:
                    raise
                self._queue.clear()
                return False
            del self._queue[:written]
        return True
