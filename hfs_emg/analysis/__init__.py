"""Counts to findings: conditioning, quality, bursts, episodes, features, classification, burden.

One law: how the signal is cut must not show in the output. Everything here works forward, on positions fixed by sample index.
"""
