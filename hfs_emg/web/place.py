"""Where the application is served: its address, the names by which it may be called, and its links."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address

LOOPBACK_NAMES = ("127.0.0.1", "localhost", "[::1]")


@dataclass(frozen=True, slots=True)
class Place:
    """One address. hosts: names without a port by which browsers may call it, the one for links first. secure: over TLS."""

    hosts: tuple[str, ...]
    port: int
    secure: bool = False
    loopback: bool = True

    @property
    def origin(self) -> str:
        """As links begin."""
        return f"{'https' if self.secure else 'http'}://{self._with_port(self.hosts[0])}"

    @property
    def unprotected(self) -> bool:
        """What is sent can be read by others on the network."""
        return not self.loopback and not self.secure

    @property
    def cookie(self) -> str:
        """The cookie's name; servers on other ports of the same computer must not share it."""
        return f"{'__Host-' if self.secure else ''}hfs-emg-{self.port}"

    def serves(self, host: str) -> bool:
        """Whether a Host header names this place: a page of another name that leads here (DNS rebinding) does not."""
        names = {self._with_port(h) for h in self.hosts}
        if self.port == self._usual_port:
            names |= set(self.hosts)
        return host.lower() in names

    def is_own_origin(self, origin: str) -> bool:
        """Whether an Origin header is one of this place's."""
        scheme, _, host = origin.partition("://")
        return scheme == ("https" if self.secure else "http") and self.serves(host)

    def link(self, token: str) -> str:
        """The link that lets a browser in."""
        return f"{self.origin}/enter?token={token}"

    @property
    def _usual_port(self) -> int:
        return 443 if self.secure else 80

    def _with_port(self, host: str) -> str:
        return f"{host}:{self.port}"


def is_loopback(host: str) -> bool:
    """Whether only this computer can reach that address."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def is_everywhere(host: str) -> bool:
    """Whether that address stands for all of this computer's."""
    try:
        return ip_address(host).is_unspecified
    except ValueError:
        return False


def url_host(host: str) -> str:
    """An address as it stands in a URL."""
    return f"[{host}]" if ":" in host else host.lower()
