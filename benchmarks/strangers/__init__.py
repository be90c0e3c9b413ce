"""Faces of yet another hand, for measuring only: nothing is ever learned from them or tuned on them."""

from benchmarks.strangers.faces import Stranger, faces

__all__ = ["Stranger", "faces"]
