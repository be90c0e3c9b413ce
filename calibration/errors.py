"""What can be wrong with a montage or a profile.

CalibrationError
├── MontageError      a channel, side or site that cannot be
├── ProfileDamaged    a profile file that does not hold what it should; the message names the field
├── ProfileUnfit      a sound profile of another montage, rate, band or subject
└── NotMeasured       a sequence that was left before it measured what a profile needs
"""


class CalibrationError(Exception):
    """Anything the calibration package refuses; the message says what was found and what to do."""


class MontageError(CalibrationError):
    """A montage that names an unknown side or site, or one input or place twice."""


class ProfileDamaged(CalibrationError):  # noqa: N818 - named for what was found, as a reader of a log would say it
    """A profile file that cannot be read: the field that is wrong is named."""


class ProfileUnfit(CalibrationError):  # noqa: N818
    """A profile that was made for another montage, sampling rate, band or subject."""


class NotMeasured(CalibrationError):  # noqa: N818
    """Too little was measured for a profile."""
