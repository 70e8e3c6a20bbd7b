"""Progress of long calls: a bar in notebooks, plain lines where asked for, else nothing."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Callable, Optional, Union

if TYPE_CHECKING:
    from types import TracebackType

#: Called with (subject, done, total); total is None when it is unknown.
ProgressCallback = Callable[[str, int, Optional[int]], Any]
#: What the verbs take: a callback, True (always show), False (never), None (in notebooks).
ProgressArgument = Union[ProgressCallback, bool, None]


def _in_notebook() -> bool:
    """Whether an IPython kernel with a display runs this process."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    return shell is not None and getattr(shell, "kernel", None) is not None


class _Lines:
    """One line for each subject that ends."""

    def __init__(self) -> None:
        self._finished: set[str] = set()

    def __call__(self, subject: str, done: int, total: int | None) -> None:
        if total is not None and done >= total and subject not in self._finished:
            self._finished.add(subject)
            sys.stderr.write(f"{subject}: {done}\n")

    def close(self) -> None:
        """Nothing is held."""


class _Bars:
    """One tqdm bar for each subject."""

    def __init__(self, make: Callable[..., Any]) -> None:
        self._make = make
        self._bars: dict[str, Any] = {}

    def __call__(self, subject: str, done: int, total: int | None) -> None:
        bar = self._bars.get(subject)
        if bar is None:
            bar = self._bars[subject] = self._make(desc=subject, total=total, leave=False)
        bar.total = total
        bar.update(done - bar.n)

    def close(self) -> None:
        """Take the bars away, also after a failure."""
        for bar in self._bars.values():
            bar.close()


def _display() -> _Bars | _Lines:
    try:
        from tqdm.auto import tqdm  # noqa: PLC0415 - an optional extra
    except ImportError:
        return _Lines()
    return _Bars(tqdm)


class Reporting:
    """Turns a ``progress`` argument into what the native library calls, for one ``with`` block."""

    def __init__(self, argument: ProgressArgument) -> None:
        """Choose the display; nothing is shown yet."""
        self._display: _Bars | _Lines | None = None
        self._callback: ProgressCallback | None = None
        if callable(argument):
            self._callback = argument
        elif argument or (argument is None and _in_notebook()):
            self._display = _display()
            self._callback = self._display

    def __enter__(self) -> ProgressCallback | None:
        """Return the callable, or None."""
        return self._callback

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close the display."""
        if self._display is not None:
            self._display.close()
