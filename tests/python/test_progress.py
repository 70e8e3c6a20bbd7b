"""Which display a `progress` argument gives."""

from __future__ import annotations

import pytest

from envpack._progress import Reporting


def test_none_and_false_show_nothing_outside_a_notebook() -> None:
    for argument in (None, False):
        with Reporting(argument) as callback:
            assert callback is None


def test_a_callable_is_called_as_it_is() -> None:
    def progress(_subject: str, _done: int, _total: int | None) -> None:
        pass

    with Reporting(progress) as callback:
        assert callback is progress


def test_true_shows_a_bar_that_goes_away(capsys: pytest.CaptureFixture[str]) -> None:
    with Reporting(True) as callback:  # noqa: FBT003 - the argument under test
        assert callback is not None
        callback("layer", 1, 4)
        callback("layer", 4, 4)
    assert "layer" in capsys.readouterr().err
