"""A place by code, by name, or by what somebody typed; and the distance between two."""

from matcher.places.file import load_places, read_places
from matcher.places.index import Places
from matcher.places.place import Kind, Place, Vintage, distance_metres

__all__ = ["Kind", "Place", "Places", "Vintage", "distance_metres", "load_places", "read_places"]
