"""Bilateral facial surface EMG: recorded, searched for one-sided synkinetic spasms, summarised.

It supports a clinician; it makes no diagnosis.
"""

__version__ = "0.1.0"
