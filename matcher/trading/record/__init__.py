"""Clearings as they are on record, and what can be done with one: run it again, ask it, fold its chain."""
