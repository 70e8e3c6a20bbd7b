"""What freeze makes of a base that disagrees with itself, and the options that say how."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from support.command import envpack
from support.images import Layer, program, write_layout

SITE = "usr/local/lib/python3.11/site-packages"


def base_layer() -> Layer:
    """Build a base with an editable, a Debian version, and a requirement that is not met."""
    layer = Layer()
    for path, data, mode in (
        ("usr/local/bin/python3.11", program(), 0o755),
        ("usr/local/lib/python3.11/os.py", b"", 0o644),
        (f"{SITE}/numpy-1.26.4.dist-info/METADATA", b"Name: numpy\nVersion: 1.26.4\n\n", 0o644),
        (f"{SITE}/numpy-1.26.4.dist-info/RECORD", b"numpy/gone.py,,\n", 0o644),
        (
            f"{SITE}/app-1.0.dist-info/METADATA",
            b"Name: app\nVersion: 1.0\nRequires-Dist: numpy>=2\n\n",
            0o644,
        ),
        (f"{SITE}/app-1.0.dist-info/RECORD", b"", 0o644),
        (
            f"{SITE}/app-1.0.dist-info/direct_url.json",
            b'{"url": "file:///opt/app", "dir_info": {"editable": true}}',
            0o644,
        ),
        ("opt/app/app.py", b"", 0o644),
        (f"{SITE}/odd-1.1build1.egg-info", b"Name: odd\nVersion: 1.1build1\n", 0o644),
        ("etc/pip/constraint.txt", b"numpy==1.24.4\nxgboost<3\n", 0o644),
    ):
        layer.file(path, data, mode)
    return layer.link("usr/local/bin/python3", "python3.11")


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("options") / "image"
    variables = ("PIP_CONSTRAINT=/etc/pip/constraint.txt",)
    return f"oci:{write_layout(folder, [base_layer()], variables=variables)}"


def test_constraints_of_the_image_are_merged_and_compared(image: str, tmp_path: Path) -> None:
    cache = {"ENVPACK_CACHE_DIR": str(tmp_path)}
    documents = [
        json.loads(envpack("freeze", image, "--format", "json", env=cache).stdout)
        for _ in ("read", "from the cache")
    ]
    assert documents[0] == documents[1]
    (file,) = documents[0]["constraint_files"]
    assert file["path"] == "/etc/pip/constraint.txt"
    assert file["only_in_file"] == ["xgboost<3"]
    assert file["different"] == [{"name": "numpy", "installed": "1.26.4", "line": "numpy==1.24.4"}]
    lines = envpack("freeze", image, "--constraints", env=cache).stdout.splitlines()
    assert [line for line in lines if not line.startswith("#")] == [
        "app==1.0",
        "numpy==1.26.4",
        "xgboost<3  # from /etc/pip/constraint.txt",
    ]


def test_check_names_everything_and_ends_with_1(image: str) -> None:
    report = envpack("freeze", image, "--check", status=1).stdout.splitlines()
    assert "`/etc/pip/constraint.txt` wants numpy==1.24.4, but numpy 1.26.4 is installed" in report
    assert "app 1.0 requires numpy>=2, but numpy 1.26.4 is installed" in report
    assert any("lists 1 files that are gone, such as `numpy/gone.py`" in line for line in report)


def test_legacy_versions_and_editables(image: str) -> None:
    exact = envpack("freeze", image, "--constraints", "--legacy", "exact").stdout
    assert "\nodd===1.1build1  # not a PEP 440 version\n" in exact
    assert (
        "\n# odd 1.1build1: not a PEP 440 version"
        in envpack("freeze", image, "--constraints").stdout
    )
    kept = envpack("freeze", image, "--keep-editable").stdout
    assert "\n-e /opt/app   # app 1.0\n" in kept
    assert "\n# app 1.0: editable install of /opt/app\n" in envpack("freeze", image).stdout


def test_a_list_has_no_files_to_look_at(tmp_path: Path) -> None:
    (tmp_path / "list.txt").write_text("numpy==1.0\nrich==2.0\n")
    source = f"freeze:{tmp_path / 'list.txt'}"
    for option in (["--pin", "binary"], ["--check"], ["--used-by", str(tmp_path)]):
        (tmp_path / "x.py").touch()
        refused = envpack("freeze", source, *option, status=None)
        assert refused.returncode == 2
        assert "only a list of packages" in refused.stderr
    left = envpack("freeze", source, "--exclude", "Rich").stdout
    assert "numpy==1.0" in left
    assert "# rich 2.0: excluded" in left
