"""The exact solver: a network simplex with prices, and what stands behind it."""
