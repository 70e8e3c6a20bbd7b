# The part of _core.pyi that is about envpack.audit(); there is no such module at run time.

from collections.abc import Sequence
from typing import Any, Callable, final

from envpack._core import IndexOptions

_Progress = Callable[[str, int, int | None], Any] | None

@final
class AuditFinding:
    @property
    def level(self) -> str: ...
    @property
    def rule(self) -> str: ...
    @property
    def text(self) -> str: ...
    @property
    def file(self) -> str: ...
    @property
    def package(self) -> str: ...
    @property
    def fix(self) -> str: ...

@final
class AuditReport:
    @property
    def source(self) -> str: ...
    @property
    def ok(self) -> bool: ...
    @property
    def findings(self) -> list[AuditFinding]: ...
    @property
    def assumptions(self) -> list[str]: ...
    def to_dict(self) -> dict[str, Any]: ...

def audit(
    source: str,
    more_wheels: Sequence[str],
    python: str | None,
    gpus: Sequence[str],
    driver: str,
    base: str | None,
    layout: str,
    prefix: str,
    no_build: bool,
    indexes: IndexOptions,
    progress: _Progress,
) -> AuditReport: ...
