from command_line import hfs

__all__ = ["hfs"]
