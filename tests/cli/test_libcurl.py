"""Other libcurls than the one that envpack was tested with."""

from __future__ import annotations

import ctypes.util
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from support.command import envpack
from support.simple_index import simple_index
from support.wheels import make_wheel

pytestmark = pytest.mark.usefixtures("no_index")

# fmt: off
_FUNCTIONS = [
    "version_info", "global_init", "free", "easy_init", "easy_cleanup", "easy_pause",
    "easy_strerror", "slist_append", "slist_free_all", "multi_init", "multi_cleanup",
    "multi_setopt", "multi_add_handle", "multi_remove_handle", "multi_perform",
    "multi_info_read", "multi_poll", "multi_wakeup", "share_init", "share_cleanup",
    "share_setopt", "url", "url_cleanup", "url_get", "url_set", "url_strerror",
]
# fmt: on

#: Hands everything on to the real library, but knows no option from a number on.
_SHIM = """
#include <dlfcn.h>
#define FORWARD(name) \\
    void *real_##name; \\
    __asm__(".pushsection .text\\n.globl curl_" #name "\\n.type curl_" #name ", @function\\n" \\
            "curl_" #name ": mov real_" #name "@GOTPCREL(%rip), %r11\\n" \\
            " jmp *(%r11)\\n.popsection\\n");
{forwards}
typedef int (*setopt)(void *, int, void *);
static setopt real_easy_setopt;
int curl_easy_setopt(void *easy, int option, void *value) {{
    return {refuses} ? 48 /* CURLE_UNKNOWN_OPTION */ : real_easy_setopt(easy, option, value);
}}
__attribute__((constructor)) static void load(void) {{
    void *real = dlopen("{real}", RTLD_NOW | RTLD_LOCAL);
    {loads}
    real_easy_setopt = (setopt)dlsym(real, "curl_easy_setopt");
}}
"""


def _libcurl() -> Path | None:
    """Where the loader finds the real one."""
    name = ctypes.util.find_library("curl")
    if name is None:
        return None
    listed = subprocess.run(["/sbin/ldconfig", "-p"], capture_output=True, text=True, check=False)
    for line in listed.stdout.splitlines():
        if line.strip().startswith("libcurl.so.4 ") and "x86-64" in line:
            return Path(line.rpartition("=> ")[2])
    return None


@pytest.fixture
def shim(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Make a libcurl that refuses the options that a condition in C names."""
    real, compiler = _libcurl(), shutil.which("cc")
    if real is None or compiler is None or os.uname().machine != "x86_64":
        pytest.skip("needs libcurl.so.4, a C compiler and x86-64")

    def make(refuses: str) -> None:
        folder = tmp_path / "shim"
        folder.mkdir(exist_ok=True)
        source = folder / "shim.c"
        source.write_text(
            _SHIM.format(
                forwards="\n".join(f"FORWARD({name})" for name in _FUNCTIONS),
                loads="\n    ".join(
                    f'real_{name} = dlsym(real, "curl_{name}");' for name in _FUNCTIONS
                ),
                refuses=refuses,
                real=real,
            )
        )
        subprocess.run(
            [compiler, "-shared", "-fPIC", "-w", "-o", folder / "libcurl.so.4", source, "-ldl"],
            check=True,
        )
        monkeypatch.setenv("LD_LIBRARY_PATH", str(folder))

    return make


def test_an_old_libcurl_does_without_what_is_new(
    tmp_path: Path, shim: Callable[[str], None]
) -> None:
    shim("option % 10000 >= 312")  # 7.82; what came later: PROTOCOLS_STR, QUICK_EXIT
    make_wheel(tmp_path / "files", "lib", "1.0")
    with simple_index(tmp_path / "files") as index:
        result = envpack("resolve", "lib", "--index-url", index.url)
    assert 'name = "lib"' in result.stdout


def test_a_libcurl_without_tls_is_no_libcurl_for_https(
    tmp_path: Path, shim: Callable[[str], None]
) -> None:
    shim("option == 32")  # SSLVERSION
    make_wheel(tmp_path / "files", "lib", "1.0")
    with simple_index(tmp_path / "files") as index:
        envpack("resolve", "lib", "--index-url", index.url)
        result = envpack("resolve", "lib", "--index-url", f"https://{index.host}/", status=3)
    assert "refuses option 32" in result.stderr
    assert "hint: install a libcurl with TLS" in result.stderr
