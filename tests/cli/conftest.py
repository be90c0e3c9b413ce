"""The fixtures of this folder's modules, for every test here."""

from command_line import hfs
from two_subjects import two_subjects

__all__ = ["hfs", "two_subjects"]
