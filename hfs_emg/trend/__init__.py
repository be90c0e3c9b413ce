"""Trend: the sessions of one subject along the treatments, as rates with intervals. What is real change is told; what failed is not."""
