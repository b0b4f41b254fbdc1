"""The Postman collection and environment, made from the OpenAPI document."""

from tieline.api.published.postman.collection import collection
from tieline.api.published.postman.environment import environment

__all__ = ["collection", "environment"]
