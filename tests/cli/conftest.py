"""The fixtures of command_line.py, for every test here."""

from command_line import hfs

__all__ = ["hfs"]
