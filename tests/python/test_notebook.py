"""The example notebook runs from top to bottom, and shows tables and bars."""

from __future__ import annotations

import gc
import json
import os
import sys
import threading
import time
from pathlib import Path

import nbformat
import pytest
from jupyter_client.manager import KernelManager
from nbclient import NotebookClient

NOTEBOOK = Path(__file__).resolve().parents[2] / "examples/notebooks/quickstart.ipynb"


@pytest.fixture(autouse=True)
def _kernel_of_this_python(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A kernel named python3 that is this interpreter, whatever else the machine has."""
    spec = tmp_path / "jupyter/kernels/python3"
    spec.mkdir(parents=True)
    argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    document = {"argv": argv, "display_name": "Python 3", "language": "python"}
    (spec / "kernel.json").write_text(json.dumps(document))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "jupyter"))
    monkeypatch.setenv("JUPYTER_PLATFORM_DIRS", "1")
    monkeypatch.setenv("PYDEVD_DISABLE_FILE_VALIDATION", "1")


@pytest.mark.index
# The kernel's own client leaves sockets and a loop to the garbage collector: that is not ours.
@pytest.mark.filterwarnings("ignore")
def test_the_notebook_runs(base: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENVPACK_EXAMPLE_BASE", base)
    notebook = nbformat.read(NOTEBOOK, as_version=4)  # type: ignore[no-untyped-call]
    client = NotebookClient(notebook, timeout=600, resources={"metadata": {"path": str(tmp_path)}})
    client.execute(env=dict(os.environ))
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    html = [output.data["text/html"] for output in outputs if "text/html" in output.get("data", {})]
    assert sum("<table>" in text for text in html) == 3
    assert (tmp_path / "image/index.json").exists()
    del client
    gc.collect()


# The kernel's own client leaves sockets and a loop to the garbage collector: that is not ours.
@pytest.mark.filterwarnings("ignore")
def test_the_stop_button_ends_a_call(tmp_path: Path) -> None:
    """The stop button is an interrupt to the kernel; the cell waits for a server that is silent."""
    manager = KernelManager(kernel_name="python3")
    manager.start_kernel(cwd=str(tmp_path), env=dict(os.environ))
    client = manager.blocking_client()
    try:
        client.start_channels()
        client.wait_for_ready(timeout=60)
        code = (
            "import socket, envpack\n"
            "server = socket.create_server(('127.0.0.1', 0))\n"
            "url = f'http://127.0.0.1:{server.getsockname()[1]}/simple'\n"
            "print('asking', flush=True)\n"
            "envpack.resolve('anything', index_url=url, progress=False)\n"
        )
        interrupted: list[float] = []

        def stop_when_asking(message: dict[str, object]) -> None:
            content = message["content"]
            if isinstance(content, dict) and "asking" in str(content.get("text", "")):
                interrupted.append(time.monotonic())
                threading.Timer(0.5, manager.interrupt_kernel).start()

        reply = client.execute_interactive(code, timeout=60, output_hook=stop_when_asking)
        assert reply["content"]["ename"] == "KeyboardInterrupt"
        assert time.monotonic() - interrupted[0] < 3.0
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
        manager.cleanup_resources()
        gc.collect()
