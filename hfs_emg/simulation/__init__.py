"""Simulated faces with ground truth: muscles, electrodes and front end of a person who is endless and reproducible."""
