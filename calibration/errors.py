"""What can be wrong with a montage or a profile.

CalibrationError
└── MontageError      a channel, side or site that cannot be
"""


class CalibrationError(Exception):
    """Anything the calibration package refuses; the message says what was found and what to do."""


class MontageError(CalibrationError):
    """A montage that names an unknown side or site, or one input or place twice."""
