"""Reproducible GPU Python environments in containers.

>>> import envpack
>>> base = envpack.freeze("oci:base")                            # doctest: +SKIP
>>> lock = envpack.resolve("rich", base="oci:base")              # doctest: +SKIP
"""

from __future__ import annotations

from envpack import errors, packaging
from envpack._core import (
    BuildReport,
    BuiltLayer,
    FrozenPackage,
    IndexPlan,
    Interpreter,
    Inventory,
    Lock,
    LockedPackage,
    StrippedLine,
    StripReport,
    __version__,
)
from envpack._verbs import build, freeze, index_url, resolve, strip
from envpack.errors import *  # noqa: F403 - the list is errors.__all__

__all__ = [  # noqa: PLE0604 - the errors are listed in their own module
    "BuildReport",
    "BuiltLayer",
    "FrozenPackage",
    "IndexPlan",
    "Interpreter",
    "Inventory",
    "Lock",
    "LockedPackage",
    "StripReport",
    "StrippedLine",
    "__version__",
    "build",
    "errors",
    "freeze",
    "index_url",
    "packaging",
    "resolve",
    "strip",
    *errors.__all__,
]
