"""Faults on purpose: real processes under load are killed, frozen and cut off, then everything is checked."""
