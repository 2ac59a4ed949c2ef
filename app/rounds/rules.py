"""How far it is as the crow flies (pure)."""

from geopy.distance import great_circle


def distance_km(lat: float, lon: float, other_lat: float, other_lon: float) -> float:
    return float(great_circle((lat, lon), (other_lat, other_lon)).km)
