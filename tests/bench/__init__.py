"""Measurements, each beside a baseline of the same run. ``make bench`` prints them as one table."""
