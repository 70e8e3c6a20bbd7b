"""Versions, specifiers, requirements, markers and tags.

The classes have the attribute and method names of PyPA's ``packaging`` where they exist there.
"""

from __future__ import annotations

from envpack._core import (
    Marker,
    Requirement,
    SpecifierSet,
    Tag,
    Version,
    canonicalize_name,
)
from envpack.errors import InvalidMarker, InvalidRequirement, InvalidSpecifier, InvalidVersion

__all__ = [
    "InvalidMarker",
    "InvalidRequirement",
    "InvalidSpecifier",
    "InvalidVersion",
    "Marker",
    "Requirement",
    "SpecifierSet",
    "Tag",
    "Version",
    "canonicalize_name",
]
