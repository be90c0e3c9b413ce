"""Strangers."""
