"""``envpack strip``: a requirements file without what the base provides."""

from __future__ import annotations

from pathlib import Path

import pytest

import envpack as package
from support.command import envpack

pytestmark = pytest.mark.usefixtures("no_index")


def test_what_the_base_has_goes_and_all_else_stays(tmp_path: Path, base: str) -> None:
    requirements = tmp_path / "requirements.txt"
    requirements.write_bytes(
        b"# ours\r\n"
        b"--extra-index-url https://host.example/simple\n"
        b"PyYAML>=5  # comment\n"
        b"rich>=13 \\\n    --hash=sha256:" + b"0" * 64 + b"\n"
        b"pyyaml>=7 \\\n    ; python_version > '3'\n"
        b"pyyaml[fast]\n"
        b"pyyaml; sys_platform == 'win32'\n"
        b"-r other.txt\n"
        b"last"
    )
    result = envpack("strip", requirements, "--base", base)
    assert result.stdout == (
        "# ours\n"
        "--extra-index-url https://host.example/simple\n"
        "rich>=13 \\\n    --hash=sha256:" + "0" * 64 + "\n"
        "pyyaml[fast]\n"
        "pyyaml; sys_platform == 'win32'\n"
        "-r other.txt\n"
        "last"
    )
    assert "the base has 6.0" in result.stderr
    assert "which this does not accept" in result.stderr
    target = tmp_path / "out.txt"
    envpack("strip", requirements, "--base", base, "-o", target)
    assert target.read_bytes().startswith(b"# ours\r\n")


def test_lines_are_joined_as_pip_joins_them(tmp_path: Path, base: str) -> None:
    requirements = tmp_path / "requirements.txt"
    # A comment does not go on, whatever it ends in, and it ends a line that goes on; a form feed
    # ends a line, too.
    text = "# a comment \\\npyyaml>=5\npyyaml \\\n  # so far\nrich\fpyyaml\rlast\r\n"
    requirements.write_text(text, newline="")
    target = tmp_path / "out.txt"
    envpack("strip", requirements, "--base", base, "-o", target)
    assert target.read_bytes() == b"# a comment \\\nrich\flast\r\n"
    requirements.write_bytes(("\ufeff" + text).encode("utf-16-le"))
    envpack("strip", requirements, "--base", base, "-o", target)
    assert target.read_bytes() == b"# a comment \\\nrich\flast\r\n"


def test_a_file_that_pip_refuses_is_not_edited(tmp_path: Path, base: str) -> None:
    requirements = tmp_path / "requirements.txt"
    requirements.write_text("pyyaml=5\n")
    assert "requirements.txt:1" in envpack("strip", requirements, "--base", base, status=2).stderr


def test_the_same_from_python(tmp_path: Path, base: str) -> None:
    requirements = tmp_path / "requirements.txt"
    requirements.write_text("pyyaml>=5\npyyaml>=7\nrich\n")
    report = package.strip(requirements, base=base)
    assert report.text == "rich\n"
    assert [(one.name, one.version, one.fits) for one in report.removed] == [
        ("pyyaml", "6.0", True),
        ("pyyaml", "6.0", False),
    ]
