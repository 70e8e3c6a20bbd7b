"""``envpack index-url``: the index of PyTorch's wheels for an image, GPUs and a driver."""

from __future__ import annotations

import json
import os
import shlex
import socket
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
import tomllib

import envpack as package
from support.command import envpack
from support.wheels import make_wheel

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("no_index", "not_asked")

WHL = "https://download.pytorch.org/whl"


@pytest.fixture
def not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pip configured so that no index is asked."""
    monkeypatch.setenv("PIP_NO_INDEX", "1")


@pytest.fixture
def cuda_image(tmp_path: Path) -> str:
    """Give a root file system with a CUDA toolkit and without Python."""
    toolkit = tmp_path / "root/usr/local/cuda-12.5"
    toolkit.mkdir(parents=True)
    (toolkit / "version.json").write_text('{"cuda": {"version": "12.5.1"}}')
    (tmp_path / "root/usr/local/cuda").symlink_to("/usr/local/cuda-12.5")
    return f"dir:{tmp_path / 'root'}"


def test_the_toolkit_of_a_base_decides(cuda_image: str) -> None:
    result = envpack("index-url", "--base", cuda_image, "--torch", "2.6", "--format", "json")
    answer = json.loads(result.stdout)
    assert answer["url"] == f"{WHL}/cu124"
    assert (answer["suffix"], answer["torch"], answer["cuda"]) == ("cu124", "2.6.0", "12.4")
    assert "cu125 was never published" in answer["reason"]
    assert {"cu118", "cu126", "cu132"} <= {one["suffix"] for one in answer["dropped"]}
    assert all(one["reason"] for one in answer["dropped"])
    assert answer["base"]["cuda"] == "12.5"
    assert [one["where"] for one in answer["base"]["found"]] == [
        "/usr/local/cuda -> /usr/local/cuda-12.5",
        "/usr/local/cuda/version.json",
    ]


@pytest.mark.parametrize(
    ("options", "suffix"),
    [
        (["--cuda", "12.5", "--torch", "2.7"], "cu126"),
        (["--cuda", "13.3", "--torch", "2.13.0"], "cu132"),
        (["--cuda", "13.3", "--torch", "2.11"], "cu130"),
        (["--cuda", "13.1.1.006", "--torch", "2.13"], "cu130"),
        (["--torch", "2.12", "--gpu", "V100"], "cu126"),
        (["--torch", "2.11.0", "--driver", "550.54.14"], "cu128"),
        (["--torch", ">=2.4", "--cuda", "11.8"], "cu118"),
        (["--torch", "2.8", "--platform", "aarch64"], "cu129"),
        (["--torch", "2.8", "--cuda", "11.8", "--allow-other-major"], "cu126"),
        (["--cuda", "cpu", "--torch", "2.13"], "cpu"),
    ],
)
def test_options_say_what_the_base_would(options: list[str], suffix: str) -> None:
    assert f"{WHL}/{suffix} " in envpack("index-url", *options, "--format", "pip").stdout


def test_each_form_is_one_that_its_tool_reads() -> None:
    asked = ("index-url", "--cuda", "12.4", "--torch", "2.6.0", "--format")
    assert envpack(*asked, "pip").stdout == (f"pip install --index-url {WHL}/cu124 torch==2.6.0\n")
    uv = tomllib.loads(envpack(*asked, "uv").stdout)["tool"]["uv"]
    assert uv["index"] == [{"name": "pytorch-cu124", "url": f"{WHL}/cu124", "explicit": True}]
    assert uv["sources"].keys() == {"torch", "torchvision", "torchaudio"}
    lock = tomllib.loads(envpack(*asked, "pylock").stdout)
    assert lock["packages"] == [
        {"name": "torch", "version": "2.6.0+cu124", "index": f"{WHL}/cu124"}
    ]
    text = envpack(*asked, "text").stdout
    for form in ("pip", "uv", "pylock"):
        assert envpack(*asked, form).stdout in text


def test_pip_and_uv_take_their_form(mirror: Path, tmp_path: Path) -> None:
    family = {"torch": "2.6.0", "torchvision": "0.21.0", "torchaudio": "2.6.0"}
    for name, version in family.items():
        page = mirror / "cu124" / name
        wheel = make_wheel(page, name, f"{version}+cu124")
        (page / "index.html").write_text(f'<a href="{wheel.name}">{wheel.name}</a>')
    asked = ("index-url", "--cuda", "12.4", "--torch", "2.6.0", "--format")
    quiet = {**os.environ, "UV_CACHE_DIR": str(tmp_path / "uv"), "PIP_NO_CACHE_DIR": "1"}

    def run(*command: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", *command],
            capture_output=True, text=True, check=False, timeout=120, env=quiet, cwd=tmp_path,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout

    pip = shlex.split(envpack(*asked, "pip").stdout)
    target = ("--dry-run", "--ignore-installed", "--target", str(tmp_path / "target"))
    assert "Would install torch-2.6.0+cu124" in run(*pip, *target)

    uv = envpack(*asked, "uv").stdout
    project = '[project]\nname = "x"\nversion = "1"\ndependencies = ["torch", "torchvision"]\n\n'
    (tmp_path / "pyproject.toml").write_text(project + uv)
    compiled = run("uv", "pip", "compile", "pyproject.toml", "--no-header", "--no-annotate")
    assert compiled.split() == ["torch==2.6.0+cu124", "torchvision==0.21.0+cu124"]


def test_a_conflict_ends_with_1_and_names_ways_out() -> None:
    asked = ("index-url", "--cuda", "11.8", "--torch", "2.8", "--format")
    result = envpack(*asked, "json", status=1)
    assert "cu126: CUDA 12.6 is another major version" in result.stderr
    assert "torch 2.7.1, of cu118" in result.stderr
    conflict = json.loads(result.stdout)
    assert conflict["dropped"]
    assert conflict["ways_out"]
    assert envpack(*asked, "pip", status=1).stdout == ""


@pytest.mark.parametrize(
    "options",
    [
        ["--gpu", "H1000"],
        ["--cuda", "12"],
        ["--driver", "R550"],
        ["--torch", "newest"],
        ["--cuda", "cpu", "--gpu", "H100"],
        ["--platform", "sparc"],
    ],
)
def test_what_nobody_knows_is_wrong_usage(options: list[str]) -> None:
    envpack("index-url", *options, status=2)


def test_the_demand_of_an_image_on_the_driver_is_told(
    cuda_image: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CUDA_VERSION", "12.8.0")
    monkeypatch.setenv("NVIDIA_REQUIRE_CUDA", "cuda>=12.8 brand=tesla,driver>=470,driver<471")
    options = ("--torch", "2.8.0", "--driver", "550")
    told = envpack("index-url", "--base", ".", *options).stderr
    assert "NVIDIA_REQUIRE_CUDA demands CUDA 12.8 (570 or later)" in told
    # The variables of this process are those of `.`, not of another base.
    assert "NVIDIA_REQUIRE_CUDA" not in envpack("index-url", "--base", cuda_image, *options).stderr


def test_the_same_from_python(cuda_image: str) -> None:
    plan = package.index_url(base=cuda_image, torch="2.6", gpus=["H100"], driver="550")
    assert (plan.url, plan.suffix, plan.torch) == (f"{WHL}/cu124", "cu124", "2.6.0")
    assert plan.to_dict()["base"]["cuda"] == "12.5"
    assert plan.to_dict()["reason"] == plan.reason
    assert plan.render("pip") in plan.render()
    assert repr(plan) == f"<IndexPlan {WHL}/cu124, torch 2.6.0>"
    with pytest.raises(ValueError, match="format is"):
        plan.render("json")
    with pytest.raises(package.ResolutionImpossible) as raised:
        package.index_url(base=cuda_image, torch="2.6", gpus=["B200"])
    dropped = {one["suffix"]: one["reason"] for one in raised.value.conflict["dropped"]}
    assert dropped["cu126"] == "its torch 2.6.0 has no code for B200 (10.0)"
    with pytest.raises(package.InvalidArgument):
        package.index_url(gpus=["H1000"])


@pytest.mark.parametrize("way", ["option", "variable"])
def test_the_credentials_of_a_mirror_are_not_printed(
    way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    mirror = "https://somebody:s3cr3t@mirror.example/whl/"
    if way == "variable":
        monkeypatch.setenv("ENVPACK_TORCH_INDEX", mirror)
    options = ["--torch-index", mirror] if way == "option" else []
    for form in ("text", "pip", "uv", "pylock", "json"):
        result = envpack(
            "index-url", "--cuda", "12.4", "--torch", "2.6.0", *options, "--format", form
        )
        assert "https://mirror.example/whl/cu124" in result.stdout, form
        for secret in ("s3cr3t", "somebody"):
            assert secret not in result.stdout + result.stderr, form
    plan = package.index_url(
        cuda="12.4", torch="2.6.0", torch_index=mirror if way == "option" else ""
    )
    assert plan.url == "https://mirror.example/whl/cu124"
    assert "s3cr3t" not in repr(plan) + plan.render() + json.dumps(plan.to_dict())


def test_a_mirror_with_quotes_stays_toml() -> None:
    asked = ("index-url", "--cuda", "12.4", "--torch", "2.6.0", "--torch-index")
    mirror = 'file:///a "b" c'
    uv = tomllib.loads(envpack(*asked, mirror, "--format", "uv").stdout)["tool"]["uv"]
    assert uv["index"][0]["url"].endswith("c/cu124")
    lock = tomllib.loads(envpack(*asked, mirror, "--format", "pylock").stdout)
    assert lock["packages"][0]["index"] == uv["index"][0]["url"]


@pytest.mark.parametrize(
    "mirror",
    [
        "somebody:s3cr3t@mirror.example/whl",
        "https:/somebody:s3cr3t@mirror.example/whl",
        "https://somebody:s3cr3t@mirror.example:port/whl",
        "https://somebody:s3cr3t@mirror.example/whl?a=b",
        "https://mirror.example/whl#s3cr3t",
        "ftp://somebody:s3cr3t@mirror.example/whl",
    ],
)
def test_a_mirror_that_is_no_url_is_refused_without_its_credentials(mirror: str) -> None:
    result = envpack("index-url", "--cuda", "12.4", "--torch-index", mirror, status=None)
    assert result.returncode not in (0, 1)
    assert "--torch-index" in result.stderr
    assert "s3cr3t" not in result.stdout + result.stderr


@pytest.fixture
def mirror(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a mirror that is asked, to be filled."""
    monkeypatch.delenv("PIP_NO_INDEX")
    folder = tmp_path / "whl"
    folder.mkdir()
    monkeypatch.setenv("ENVPACK_TORCH_INDEX", folder.as_uri())
    return folder


def ask(*options: str) -> dict[str, Any]:
    result = envpack("index-url", "--python", "3.12", "--format", "json", *options)
    answer: dict[str, Any] = json.loads(result.stdout)
    assert all(note in result.stderr for note in answer["notes"])
    return answer


_ASKED = ("--cuda", "12.4", "--torch", "2.6.0")


@pytest.mark.parametrize(
    ("wheels", "said"),
    [
        (["2.5.1+cu124-cp312-cp312-linux_x86_64", "2.6.0+cu124-cp312-cp312-linux_x86_64"], None),
        (["2.6.0+cu124-cp312-cp312-manylinux1_x86_64"], None),
        (["2.6.0+cu124-cp310-abi3-manylinux_2_28_x86_64"], None),
        (["2.5.1+cu124-cp312-cp312-linux_x86_64"], "no torch 2.6.0, which the tables say it has"),
        (["2.6.0+cu124-cp311-cp311-linux_x86_64"], "no torch 2.6.0 for Python 3.12 on x86_64"),
        (["2.6.0+cu124-cp312-cp312t-linux_x86_64"], "no torch 2.6.0 for Python 3.12 on x86_64"),
        (["2.6.0+cu124-cp312-cp312-linux_aarch64"], "no torch 2.6.0 for Python 3.12 on x86_64"),
        (["2.6.0+cu124-cp312-cp312-win_amd64"], "no torch 2.6.0 for Python 3.12 on x86_64"),
        (["2.6.0+cpu-cp312-cp312-linux_x86_64"], "no torch 2.6.0, which"),
        ([], "has no torch; the tables say that it has 2.6.0"),
    ],
)
def test_a_disagreement_with_the_index_is_told(
    mirror: Path, wheels: list[str], said: str | None
) -> None:
    for wheel in wheels:
        (mirror / "cu124/torch").mkdir(parents=True, exist_ok=True)
        (mirror / f"cu124/torch/torch-{wheel}.whl").touch()
    (mirror / "cu124").mkdir(exist_ok=True)
    answer = ask(*_ASKED)
    assert (answer["suffix"], answer["torch"]) == ("cu124", "2.6.0")  # the tables decide
    if said is None:
        assert answer["disagreements"] == []
    else:
        (told,) = answer["disagreements"]
        assert said in told
        assert told in answer["notes"]
    assert ask(*_ASKED, "--offline")["disagreements"] is None


def test_a_release_after_the_tables_is_told(mirror: Path) -> None:
    newest = ask("--cuda", "cpu", "--offline")["torch"]
    pages = mirror / "cpu/torch"
    pages.mkdir(parents=True)
    for version in (newest, "99.0rc1", "99.0.1"):
        told = ask("--cuda", "cpu")["disagreements"] if version == "99.0.1" else []
        assert told == []
        (pages / f"torch-{version}+cpu-cp312-cp312-linux_x86_64.whl").touch()
    answer = ask("--cuda", "cpu")
    (told,) = answer["disagreements"]
    assert "has torch 99.0.1, which is newer than the tables" in told
    assert answer["torch"] == newest
    assert ask("--cuda", "cpu", "--torch", newest)["disagreements"] == []


def test_an_index_that_does_not_answer_is_told_without_its_credentials(
    mirror: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as closed:  # bound and not listening: refuses at once
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
        monkeypatch.setenv("ENVPACK_TORCH_INDEX", f"http://somebody:s3cr3t@127.0.0.1:{port}/whl")
        answer = ask(*_ASKED)
    assert answer["disagreements"] is None
    (note,) = (note for note in answer["notes"] if "the index did not answer" in note)
    assert str(port) in note
    assert "s3cr3t" not in json.dumps(answer)
    plan = package.index_url(cuda="12.4", torch="2.6.0", offline=True)
    assert plan.to_dict()["disagreements"] is None
    assert mirror.is_dir()
