"""Minimum takes, multiples, minimum fills and most sellers: kept, and how near the bound."""
