"""Reproducible GPU Python environments in containers.

>>> import envpack
>>> base = envpack.freeze("oci:base")                            # doctest: +SKIP
>>> lock = envpack.resolve("rich", base="oci:base")              # doctest: +SKIP
"""

from __future__ import annotations

from envpack import errors, packaging
from envpack._build import build
from envpack._core import (
    AuditFinding,
    AuditReport,
    BuildReport,
    BuiltLayer,
    CopiedLibrary,
    DiffReport,
    DoctorCheck,
    DoctorGpu,
    DoctorReport,
    FrozenPackage,
    IndexPlan,
    InspectReport,
    InstalledPackage,
    InstallReport,
    Interpreter,
    Inventory,
    Lock,
    LockedPackage,
    ProbedGpu,
    StartupHook,
    StrippedLine,
    StripReport,
    VerifyProblem,
    VerifyReport,
    __version__,
)
from envpack._doctor import doctor
from envpack._install import install
from envpack._verbs import (
    audit,
    diff,
    freeze,
    index_url,
    inspect,
    resolve,
    strip,
    verify,
)
from envpack.errors import *  # noqa: F403 - the list is errors.__all__

__all__ = [  # noqa: PLE0604 - the errors are listed in their own module
    "AuditFinding",
    "AuditReport",
    "BuildReport",
    "BuiltLayer",
    "CopiedLibrary",
    "DiffReport",
    "DoctorCheck",
    "DoctorGpu",
    "DoctorReport",
    "FrozenPackage",
    "IndexPlan",
    "InspectReport",
    "InstallReport",
    "InstalledPackage",
    "Interpreter",
    "Inventory",
    "Lock",
    "LockedPackage",
    "ProbedGpu",
    "StartupHook",
    "StripReport",
    "StrippedLine",
    "VerifyProblem",
    "VerifyReport",
    "__version__",
    "audit",
    "build",
    "diff",
    "doctor",
    "errors",
    "freeze",
    "index_url",
    "inspect",
    "install",
    "packaging",
    "resolve",
    "strip",
    "verify",
    *errors.__all__,
]
