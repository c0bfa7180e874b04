"""Where an order is: a coordinate, a commune's code with its vintage, or a name."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from matcher.book.checks import Faults
from matcher.errors import Invalid
from matcher.fields import Text
from matcher.places import Place, Places


class _PlacePost(BaseModel):
    """A place as posted: `name`; or `code` with `vintage`; or `latitude` and `longitude` (WGS 84 degrees)."""

    model_config = ConfigDict(extra="forbid")

    name: Text | None = None
    code: Text | None = None
    vintage: Literal["2025", "legacy"] | None = None
    latitude: Annotated[float, Field(ge=8, le=24, allow_inf_nan=False)] | None = None
    longitude: Annotated[float, Field(ge=102, le=118, allow_inf_nan=False)] | None = None

    @model_validator(mode="after")
    def _one_way(self) -> "_PlacePost":
        ways = [self.code is not None, self.latitude is not None or self.longitude is not None]
        if not any(ways) and self.name is None:
            raise PydanticCustomError("place", "a place is a name, a code with its vintage, or a coordinate")
        if self.code is not None and self.name is not None:
            raise PydanticCustomError("place", "a place is a code or a name, not both")
        if all(ways):
            raise PydanticCustomError("place", "a place is a code or a coordinate, not both")
        if (self.latitude is None) != (self.longitude is None):
            raise PydanticCustomError("place", "a coordinate is a latitude and a longitude")
        return self


def _named(value: Any) -> Any:
    return {"name": value} if isinstance(value, str) else value


PlacePost = Annotated[_PlacePost, BeforeValidator(_named, json_schema_input_type=str | _PlacePost)]


class PlaceView(BaseModel):
    """A place as it is kept; `code` and `vintage` are null for a posted coordinate."""

    name: str
    code: str | None
    vintage: str | None
    latitude: float
    longitude: float


def place_columns(faults: Faults, posted: _PlacePost, places: Places) -> dict[str, Any]:
    """The order's place columns; none, and a fault naming the candidates, when the place is not found."""
    if posted.latitude is not None and posted.longitude is not None:
        name = posted.name or f"{posted.latitude:.4f}, {posted.longitude:.4f}"
        return _columns(name, None, None, posted.latitude, posted.longitude)
    try:
        found = _found(posted, places)
    except Invalid as error:
        for fault in error.faults:
            faults.add(fault.path, fault.message, fault.remedy)
        return {}
    return _columns(found.full_name, found.code, found.vintage, found.latitude, found.longitude)


def _found(posted: _PlacePost, places: Places) -> Place:
    if posted.code is None:
        return places.resolve(posted.name or "")
    if posted.vintage is None:
        places.refuse_code_without_vintage(posted.code)
    return places.by_code(posted.code, posted.vintage)


def place_said(order: Any) -> dict[str, Any]:
    """The posted form of an order's kept place, for amending."""
    if order.place_code is not None:
        return {"code": order.place_code, "vintage": order.place_vintage}
    return {"name": order.place_name, "latitude": order.latitude, "longitude": order.longitude}


def place_view(order: Any) -> PlaceView:
    return PlaceView(
        name=order.place_name,
        code=order.place_code,
        vintage=order.place_vintage,
        latitude=order.latitude,
        longitude=order.longitude,
    )


def _columns(
    name: str, code: str | None, vintage: str | None, latitude: float, longitude: float
) -> dict[str, Any]:
    return {
        "place_name": name,
        "place_code": code,
        "place_vintage": vintage,
        "latitude": latitude,
        "longitude": longitude,
    }
