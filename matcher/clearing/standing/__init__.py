"""A book that stays solved while orders come and go."""
