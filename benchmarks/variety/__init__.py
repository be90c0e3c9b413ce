"""Variety."""

from benchmarks.variety.faces import VariedFace, faces

__all__ = ["VariedFace", "faces"]
