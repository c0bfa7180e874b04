"""Measurements beside named peers. Each part is run as `python -m bench.<part>`."""
