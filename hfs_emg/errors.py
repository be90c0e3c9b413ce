"""What the application refuses, and the exit status of each.

HfsError
├── RequestError      2  the request is wrong: an option, a settings file, a montage, an output that exists
├── RecordingError    4  a recording cannot be read
└── DiskError         5  the disk failed: not writable, full

HfsError by itself is status 1: a process of ours was ended from outside.
firmware_bridge.BridgeError is status 3, except BoardAddressError, which is a wrong request (2);
calibration.CalibrationError is a wrong request (2). Every message is one sentence: what was found, what to do.
"""


class HfsError(Exception):
    """Anything the application refuses; `status` is the exit status of a command that meets it."""

    status = 1


class RequestError(HfsError):
    """The request is wrong."""

    status = 2


class RecordingError(HfsError):
    """A recording cannot be read."""

    status = 4


class DiskError(HfsError):
    """The disk failed."""

    status = 5
