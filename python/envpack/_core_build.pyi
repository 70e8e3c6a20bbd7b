# The part of _core.pyi that is about envpack.build(); there is no such module at run time.

from collections.abc import Mapping, Sequence
from os import PathLike
from typing import Any, Callable, final

from envpack._core import IndexOptions

_StrPath = str | PathLike[str]
_Progress = Callable[[str, int, int | None], Any] | None

@final
class BuiltLayer:
    @property
    def title(self) -> str: ...
    @property
    def digest(self) -> str: ...
    @property
    def diff_id(self) -> str: ...
    @property
    def size(self) -> int: ...

@final
class CopiedLibrary:
    @property
    def path(self) -> str: ...
    @property
    def needed_by(self) -> str: ...
    @property
    def source(self) -> str: ...

@final
class StartupHook:
    @property
    def package(self) -> str | None: ...
    @property
    def version(self) -> str | None: ...
    @property
    def kind(self) -> str: ...
    @property
    def path(self) -> str: ...

@final
class BuildReport:
    @property
    def output(self) -> str: ...
    @property
    def digest(self) -> str: ...
    @property
    def base_digest(self) -> str: ...
    @property
    def layers(self) -> list[BuiltLayer]: ...
    @property
    def libraries(self) -> list[CopiedLibrary]: ...
    @property
    def startup_hooks(self) -> list[StartupHook]: ...
    @property
    def notes(self) -> list[str]: ...
    def to_dict(self) -> dict[str, Any]: ...
    def _repr_html_(self) -> str: ...

@final
class BuildOptions:
    def __init__(
        self,
        input: _StrPath,
        output: str,
        *,
        base: str | None,
        layout: str,
        prefix: str,
        add: Sequence[tuple[_StrPath, str]],
        with_libs: bool,
        env: Mapping[str, str],
        labels: Mapping[str, str],
        annotations: Mapping[str, str],
        ports: Sequence[str],
        volumes: Sequence[str],
        compression: str,
        estargz: bool,
        user: str | None,
        workdir: str | None,
        entrypoint: Sequence[str] | None,
        cmd: Sequence[str] | None,
        constraints: bool,
        dedupe: bool,
        tests: bool,
        no_cache: bool,
        no_build: bool,
        sbom: Sequence[_StrPath],
        provenance: _StrPath | None,
        indexes: IndexOptions,
    ) -> None: ...

def build(options: BuildOptions, progress: _Progress) -> BuildReport: ...
