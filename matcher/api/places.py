"""/v1/places"""

import unicodedata
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel

from matcher.api.requests import Known

router = APIRouter(prefix="/v1/places", tags=["places"])


class PlaceFound(BaseModel):
    """A candidate: name it by code and vintage in a post, and no doubt is left."""

    name: str
    code: str
    vintage: str
    latitude: float
    longitude: float


@router.get("")
def search(
    known: Known,
    q: Annotated[str, Query(min_length=1, max_length=200, description="a name, diacritics optional")],
    limit: Annotated[int, Query(ge=1, le=50)] = 10,
) -> list[PlaceFound]:
    """Places by name, the likeliest first, communes and provinces of both vintages."""
    found = known.places.search(unicodedata.normalize("NFC", q), limit)
    return [
        PlaceFound(
            name=place.full_name,
            code=place.code,
            vintage=place.vintage,
            latitude=place.latitude,
            longitude=place.longitude,
        )
        for place in found
    ]
