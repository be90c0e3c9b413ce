"""What can go wrong between the computer and the board.

BridgeError
├── BoardAddressError       the board URL or its options cannot be
├── LinkError               the wire
│   ├── PortNotFound        no such port, or no dongle plugged in
│   ├── PortNotPermitted    the port is there, this user may not open it
│   ├── PortBusy            another program holds the port
│   └── LinkLost            it was there and is gone (unplugged)
│       └── PlayedOut       a recording was played to its end: there is nothing to wait for
└── BoardError              the wire is there, the board is not as it should be
    ├── NotAnOpenBCI        something answers, or nothing, but no OpenBCI board
    ├── BoardOff            the dongle answers, the board does not
    ├── BoardRefused        the board answered a command with a failure, or not at all
    └── BoardUnavailable    this machine lacks the library for that board

Every message says what was found and what to do.
"""


class BridgeError(Exception):
    """Anything between the computer and the board; the message says what was found and what to do."""


class BoardAddressError(BridgeError):
    """The board URL names no known scheme, or an option is not one of that board's."""


class LinkError(BridgeError):
    """The wire itself."""


class PortNotFound(LinkError):  # noqa: N818 - named for what was found, as a reader of a log would say it
    """No such port, or no dongle plugged in."""


class PortNotPermitted(LinkError):  # noqa: N818
    """The port is there, this user may not open it."""


class PortBusy(LinkError):  # noqa: N818
    """Another program holds the port."""


class LinkLost(LinkError):  # noqa: N818
    """The link was there and is gone: unplugged, or the other end closed."""


class PlayedOut(LinkLost):
    """A recording that stood in for a board was played to its end: nothing will come any more."""


class BoardError(BridgeError):
    """The wire is there, the board is not as it should be."""


class NotAnOpenBCI(BoardError):  # noqa: N818
    """Something is on the port, but it does not answer as an OpenBCI board."""


class BoardOff(BoardError):  # noqa: N818
    """The dongle answers, the board does not."""


class BoardRefused(BoardError):  # noqa: N818
    """The board answered a command with a failure, or did not answer it."""


class BoardUnavailable(BoardError):  # noqa: N818
    """This machine lacks the library that the board needs."""
