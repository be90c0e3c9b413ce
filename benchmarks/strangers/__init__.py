"""Strangers."""

from benchmarks.strangers.faces import Stranger, StrangerRecording, faces

__all__ = ["Stranger", "StrangerRecording", "faces"]
