"""/v1/crops"""

from fastapi import APIRouter

from matcher.api.requests import Known
from matcher.catalogue import Crop
from matcher.errors import NotFound

router = APIRouter(prefix="/v1/crops", tags=["crops"])


@router.get("")
def read_all(known: Known) -> list[Crop]:
    """The catalogue: crops with their varieties, grades, packages, shelf life and season."""
    return list(known.catalogue.crops.values())


@router.get("/{crop}")
def read(known: Known, crop: str) -> Crop:
    if crop not in known.catalogue.crops:
        raise NotFound(f"No crop {crop!r}.")
    return known.catalogue.crops[crop]
