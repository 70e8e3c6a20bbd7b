"""The verb that looks at this machine."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from envpack import _core, _programs
from envpack._progress import Reporting
from envpack.errors import NotFound

if TYPE_CHECKING:
    from envpack._core import DoctorReport
    from envpack._progress import ProgressArgument
    from envpack._verbs import StrPath


def _find_probe() -> str:
    probe = _programs.find("envpack-cuda-probe")
    if probe is None:
        raise NotFound(
            "envpack-cuda-probe was not installed with this package: build it with "
            "ENVPACK_CUDA_PROBE=ON, where nvcc is"
        )
    return probe


def doctor(
    *,
    gpu: bool = False,
    probe: bool | StrPath = False,
    root: StrPath = "/",
    progress: ProgressArgument = None,
) -> DoctorReport:
    """Look at this machine: driver, GPUs, container toolkit, CDI and container engines.

    Files are read and the driver's libraries are asked; nothing is run but the probe. No CUDA
    context is made in this process, so it can be forked afterwards. What is wrong is in ``checks``,
    each with a fix; ``ok`` says that none of them is a problem. ``str()`` of the result is the text
    of the command, ``to_dict()`` its JSON document; a notebook shows a table.

    Args:
        gpu: a machine without a usable GPU is a problem.
        probe: compute something on every GPU with ``envpack-cuda-probe``: True for the one that
            was installed with this package, else its path.
        root: the files of another machine, such as the host's mounted into a container. Its driver
            is not asked then.
        progress: as for :func:`freeze`.

    Raises:
        NotFound: ``root`` is no folder, or there is no such probe.

    """
    program = _find_probe() if probe is True else None if probe is False else os.fspath(probe)
    with Reporting(progress) as callback:
        return _core.doctor(os.fspath(root), gpu, program, callback)
