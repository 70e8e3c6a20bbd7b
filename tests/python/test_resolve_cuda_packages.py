"""resolve() with the CUDA of a target: jax, cupy, RAPIDS, onnxruntime-gpu and others."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import envpack
from support.layouts import Member, distribution, interpreter, make_layout, member
from support.simple_index import simple_index
from support.wheels import make_wheel

pytestmark = pytest.mark.usefixtures("no_index")

LIBRARIES = ("libcublas", "libcudart", "libcufft", "libcurand", "libcusolver", "libcusparse",
             "libnvrtc", "libnvJitLink")  # fmt: skip


def extras(*names: str) -> tuple[str, ...]:
    return tuple(f"Provides-Extra: {name}" for name in names)


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give what indexes would have: names, extras and pins as published, contents of our own."""
    folder = tmp_path_factory.mktemp("wheels")
    for version in ("0.4.30", "0.5.3", "0.10.2"):
        local = "cuda12_local" if version == "0.4.30" else "cuda12-local"
        requires = [
            f'jax-cuda12-plugin[with-cuda]=={version}; extra == "cuda12"',
            f'jax-cuda12-plugin=={version}; extra == "{local}"',
        ]
        provided = ["cuda12", local]
        if version == "0.10.2":
            requires += [
                f'jax-cuda13-plugin[with-cuda]=={version}; extra == "cuda13"',
                f'jax-cuda13-plugin=={version}; extra == "cuda13-local"',
            ]
            provided += ["cuda13", "cuda13-local"]
            make_wheel(
                folder, "jax-cuda13-plugin", version, headers=extras("with-cuda"),
                requires=('nvidia-cudnn-cu13>=9.12; extra == "with-cuda"',),
            )  # fmt: skip
        make_wheel(folder, "jax", version, requires=tuple(requires), headers=extras(*provided))
        make_wheel(
            folder, "jax-cuda12-plugin", version, headers=extras("with-cuda"),
            requires=('nvidia-cudnn-cu12>=9; extra == "with-cuda"',),
        )  # fmt: skip
    make_wheel(folder, "nvidia-cudnn-cu12", "9.8.0.87")
    make_wheel(folder, "nvidia-cudnn-cu13", "9.13.0.50")
    make_wheel(folder, "flax", "0.10", requires=("jax>=0.4",))
    for suffix in ("-cuda12x", "-cuda13x"):
        make_wheel(folder, f"cupy{suffix}", "13.6.0")
        make_wheel(
            folder, f"cupy{suffix}", "14.2.0", headers=extras("ctk"),
            requires=('cuda-toolkit; extra == "ctk"',),
        )  # fmt: skip
    make_wheel(folder, "cupy", "14.2.0")
    make_wheel(folder, "cuda-toolkit", "12.9")
    for suffix in ("", "-cu11", "-cu12", "-cu13"):
        version = {"": "0.6.1", "-cu11": "25.6.0"}.get(suffix, "26.10.2")
        make_wheel(folder, f"cudf{suffix}", version)
    for version in ("1.18.1", "1.20.1", "1.26.0", "1.31.1"):
        name = "onnxruntime-gpu"
        if version > "1.21":
            needs = "nvidia-cudnn-cu13" if version == "1.31.1" else "nvidia-cudnn-cu12"
            make_wheel(
                folder, name, version, headers=extras("cuda", "cudnn"),
                requires=(f'{needs}~=9.0; extra == "cudnn"',),
            )  # fmt: skip
        else:
            make_wheel(folder, name, version)
    make_wheel(folder, "onnxruntime", "1.31.1")
    make_wheel(folder, "rembg", "2.0", requires=("onnxruntime",))
    make_wheel(folder, "insightface", "0.7", requires=("onnxruntime-gpu",))
    for version in ("2.14.1", "2.17.0", "2.21.0"):
        make_wheel(
            folder, "tensorflow", version, headers=extras("and-cuda"),
            requires=('nvidia-cudnn-cu12; extra == "and-cuda"',),
        )  # fmt: skip
    make_wheel(folder, "filelock", "3.0")
    for vllm, torch in (("0.11.0", "2.8.0"), ("0.33.0", "2.14.0")):
        make_wheel(folder, "vllm", vllm, requires=(f"torch=={torch}",))
    for abi in ("FALSE", "TRUE"):
        make_wheel(folder, "flash-attn", f"2.8.3+cu12torch2.8cxx11abi{abi}")
    return folder


@pytest.fixture(scope="module")
def mirror(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a mirror of PyTorch's indexes."""
    folder = tmp_path_factory.mktemp("whl")
    for suffix in ("cpu", "cu118", "cu126", "cu128", "cu129", "cu130", "cu132"):
        for torch in ("2.7.0", "2.8.0", "2.13.0", "2.14.0"):
            make_wheel(folder / suffix / "torch", "torch", f"{torch}+{suffix}")
        make_wheel(folder / suffix / "xformers", "xformers", "0.0.30", requires=("torch==2.7.0",))
    return folder


def toolkit(version: str, *more: str, cudnn: str = "", nccl: bool = True) -> list[Member]:
    """Return a Python with a toolkit as in a `runtime` image."""
    short = version.rsplit(".", 1)[0] if version.count(".") > 1 else version
    folder = f"usr/local/cuda-{short}"
    members = [
        *interpreter(),
        member("usr/local/cuda", kind=b"2", link=f"/usr/local/cuda-{short}"),
        member(f"{folder}/version.json", f'{{"cuda": {{"version": "{version}"}}}}'.encode()),
    ]
    major = short.split(".")[0]
    members += [member(f"{folder}/lib64/{name}.so.{major}") for name in (*LIBRARIES, *more)]
    if nccl:
        members.append(member("usr/lib/x86_64-linux-gnu/libnccl.so.2"))
    if cudnn:
        members.append(member(f"usr/lib/x86_64-linux-gnu/libcudnn.so.{cudnn}"))
    return members


class Answer:
    """A lock with what was told beside it."""

    def __init__(self, lock: envpack.Lock, told: list[str]) -> None:
        self.lock = lock
        self.told = told
        self.versions = {p.name: str(p.version) for p in lock.packages}

    def entry(self, name: str) -> dict[str, Any]:
        """Return what the lock says of one package."""
        document = envpack.Lock.parse(self.lock.to_toml()).to_dict()
        [found] = [one for one in document["cuda_packages"] if one["name"] == name]
        return dict(found)

    def tells(self, piece: str) -> bool:
        return any(piece in one for one in self.told)


Resolve = Callable[..., Answer]


@pytest.fixture
def resolve(mirror: Path, wheels: Path) -> Resolve:
    """Resolve against these wheels; the base is given as members of its layer."""

    def run(*requirements: str, base: list[Member] | None = None, folder: Path | None = None,
            **options: Any) -> Answer:  # noqa: ANN401 # fmt: skip
        image = None
        if base is not None:
            assert folder is not None
            make_layout(folder / "base", base)
            image = f"oci:{folder / 'base'}"
        options = {"find_links": [wheels], "no_index": True, "torch_index": mirror.as_uri(),
                   **options}  # fmt: skip
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            lock = envpack.resolve(*requirements, base=image, **options)
        return Answer(lock, [str(one.message) for one in caught])

    return run


def conflict(resolve: Resolve, *requirements: str, **options: object) -> dict[str, Any]:
    with pytest.raises(envpack.ResolutionImpossible) as raised:
        resolve(*requirements, **options)
    return dict(raised.value.conflict)


def test_jax_uses_the_libraries_of_a_base_that_has_all_of_them(
    resolve: Resolve, tmp_path: Path
) -> None:
    base = toolkit("12.4.1", "libcupti", cudnn="9.8.0")
    answer = resolve("jax", base=base, folder=tmp_path, cuda="auto")
    assert answer.versions == {"jax": "0.10.2", "jax-cuda12-plugin": "0.10.2"}
    entry = answer.entry("jax")
    assert entry["requirement"] == "jax[cuda12-local]"
    assert entry["limits"] == ["jax>=0.4.30"]
    assert "every library it needs" in entry["reason"]
    assert any(one.startswith("jax[cuda13]") for one in entry["dropped"])
    assert answer.tells("jax is resolved as jax[cuda12-local]: for the wanted CUDA 12.4")
    assert '[[tool.envpack.cuda-packages]]\nname = "jax"' in answer.lock.to_toml()


@pytest.mark.parametrize(
    ("name", "base", "lacking"),
    [
        ("runtime", toolkit("12.4.1", cudnn="9.8.0"), "libcupti"),
        ("old", toolkit("12.4.1", "libcupti", cudnn="9.1.0"), "cuDNN <10,>=9.8 (it has 9.1.0)"),
        ("none", toolkit("12.4.1", "libcupti"), "cuDNN <10,>=9.8"),
        ("nccl", toolkit("12.4.1", "libcupti", cudnn="9.8.0", nccl=False), "libnccl"),
    ],
)
def test_jax_brings_what_the_base_lacks(
    resolve: Resolve, tmp_path: Path, name: str, base: list[Member], lacking: str
) -> None:
    assert name
    answer = resolve("jax", base=base, folder=tmp_path, cuda="auto")
    assert answer.versions["nvidia-cudnn-cu12"] == "9.8.0.87"
    assert answer.entry("jax")["requirement"] == "jax[cuda12]"
    assert f"the base lacks {lacking}" in answer.entry("jax")["reason"]


def test_an_old_jax_is_asked_for_what_it_needs(resolve: Resolve, tmp_path: Path) -> None:
    base = toolkit("12.4.1", "libcupti", cudnn="9.1.0")
    answer = resolve("jax==0.4.30", base=base, folder=tmp_path, cuda="auto")
    assert answer.versions == {"jax": "0.4.30", "jax-cuda12-plugin": "0.4.30"}


def test_jax_of_cuda_13_and_the_driver(resolve: Resolve) -> None:
    assert "jax-cuda13-plugin" in resolve("jax", cuda="13.0").versions
    assert "jax-cuda13-plugin" in resolve("jax", driver="580").versions
    assert "jax-cuda12-plugin" in resolve("jax", driver="570").versions
    assert "jax-cuda12-plugin" in resolve("jax", driver="580", gpus=["V100"]).versions
    found = conflict(resolve, "jax[cuda13]", cuda="13.0", driver="570")
    assert found["headline"] == "no build of jax[cuda13] fits CUDA 13.0, driver 570"
    assert {"a driver from 580 on", "a base with CUDA 12"} & {
        way["description"] for way in found["ways_out"]
    }


def test_nothing_is_changed_where_nothing_is_asked(resolve: Resolve) -> None:
    answer = resolve("jax")
    assert answer.versions == {"jax": "0.10.2"}
    assert answer.lock.to_dict()["cuda_packages"] == []
    assert resolve("jax", cuda="cpu").versions == {"jax": "0.10.2"}


def test_a_dependency_is_told_and_not_replaced(resolve: Resolve) -> None:
    answer = resolve("flax", cuda="12.4")
    assert answer.versions == {"flax": "0.10", "jax": "0.10.2"}
    assert answer.tells("jax 0.10.2 comes through flax as it is: name jax[cuda12]")
    answer = resolve("flax", "jax", cuda="12.4")
    assert "jax-cuda12-plugin" in answer.versions
    assert not answer.tells("comes through")


def test_cupy_gets_its_variant(resolve: Resolve, tmp_path: Path) -> None:
    answer = resolve("cupy", base=toolkit("12.4.1"), folder=tmp_path, cuda="auto")
    assert answer.versions == {"cupy-cuda12x": "14.2.0"}
    assert answer.tells("source distribution")
    assert resolve("cupy", cuda="12.4").versions["cuda-toolkit"] == "12.9"
    constraints = tmp_path / "c.txt"
    constraints.write_text("cupy<14\n")
    held = resolve("cupy", cuda="13.0", constraint_files=[constraints])
    assert held.versions == {"cupy-cuda13x": "13.6.0"}
    found = conflict(resolve, "cupy-cuda13x", driver="550")
    assert "CUDA 13.0 needs driver 580 or later, not 550" in found["causes"][0]["text"]
    found = conflict(resolve, "cupy-cuda12x", "cupy-cuda13x", cuda="12.4", driver="580")
    assert "cupy-cuda13x fits CUDA 12.4" in found["headline"]
    found = conflict(resolve, "cupy-cuda12x", "cupy-cuda13x", driver="580")
    assert "cannot both be installed" in found["headline"]
    found = conflict(resolve, "cupy-cuda12x", cuda="cpu")
    assert "built for CUDA" in found["headline"]


def test_what_the_base_has_stays(resolve: Resolve, tmp_path: Path) -> None:
    base = [*toolkit("13.0.0"), *distribution("cupy_cuda12x", "13.6.0")]
    answer = resolve("cupy", base=base, folder=tmp_path, cuda="auto")
    assert answer.versions == {}
    assert answer.entry("cupy")["reason"] == "the base provides cupy-cuda12x"
    found = conflict(resolve, "cupy-cuda13x", base=base, folder=tmp_path / "again", cuda="auto")
    assert "the base's cupy-cuda12x cannot both be installed" in found["headline"]


def test_rapids_names_get_their_suffix(resolve: Resolve, tmp_path: Path) -> None:
    answer = resolve("cudf", cuda="13.1")
    assert answer.versions == {"cudf-cu13": "26.10.2"}
    assert answer.tells("is not looked for at https://pypi.nvidia.com")
    found = conflict(resolve, "cudf-cu11>=26", cuda="12.4")
    assert "ask for cudf-cu12>=26" in [way["description"] for way in found["ways_out"]]
    assert resolve("cudf-cu11", cuda="12.4").tells("cudf-cu11 ended: it has only releases <25.8")
    # Pinned to the index of the table, of which there is a mirror here.
    place = tmp_path / "nv" / "cudf-cu12"
    make_wheel(place, "cudf-cu12", "26.12.0")
    answer = resolve(
        "cudf", cuda="12.4", cuda_mirrors={"https://pypi.nvidia.com": place.parent.as_uri()}
    )
    assert answer.versions == {"cudf-cu12": "26.12.0"}
    assert answer.entry("cudf")["index"] == place.parent.as_uri()
    # What the user pins wins.
    mine = make_wheel(tmp_path / "mine" / "cudf-cu12", "cudf-cu12", "26.11.0").parents[1]
    answer = resolve(
        "cudf", cuda="12.4", index_pins={"cudf-cu12": mine.as_uri()},
        cuda_mirrors={"https://pypi.nvidia.com": place.parent.as_uri()},
    )  # fmt: skip
    assert answer.versions == {"cudf-cu12": "26.11.0"}


def test_the_credentials_of_a_mirror_of_packages_are_not_told(
    resolve: Resolve, tmp_path: Path
) -> None:
    with simple_index(tmp_path, user="somebody:s3cr3t") as index:
        found = conflict(
            resolve, "cudf", cuda="12.4", cuda_mirrors={"https://pypi.nvidia.com": index.url}
        )
        assert any("cudf-cu12" in one for one in index.requests)
    assert "s3cr3t" not in str(found)


def test_onnxruntime_is_limited_for_everybody(resolve: Resolve, tmp_path: Path) -> None:
    base = toolkit("12.4.1", cudnn="9.1.0")
    answer = resolve("onnxruntime-gpu", base=base, folder=tmp_path, cuda="auto")
    assert answer.versions == {"onnxruntime-gpu": "1.26.0"}
    assert answer.tells("onnxruntime-gpu is kept to <1.27,>=1.19")
    answer = resolve("onnxruntime-gpu", cuda="12.4")
    assert answer.versions == {"onnxruntime-gpu": "1.26.0", "nvidia-cudnn-cu12": "9.8.0.87"}
    assert resolve("onnxruntime-gpu", cuda="13.0").versions["onnxruntime-gpu"] == "1.31.1"
    assert resolve("insightface", cuda="12.4").versions["onnxruntime-gpu"] == "1.26.0"
    assert resolve("insightface", cuda="13.0").versions["onnxruntime-gpu"] == "1.31.1"
    found = conflict(resolve, "onnxruntime-gpu==1.31.1", cuda="12.4")
    ways = [way["description"] for way in found["ways_out"]]
    assert "ask for onnxruntime-gpu[cuda,cudnn]<1.27,>=1.21" in ways
    found = conflict(resolve, "rembg", "onnxruntime-gpu", cuda="12.4")
    assert "cannot both be installed" in found["headline"]
    assert any(cause["who"] == "rembg" for cause in found["causes"])
    found = conflict(resolve, "insightface", cuda="cpu")
    assert "wanted by insightface" in found["headline"]


def test_tensorflow(resolve: Resolve, tmp_path: Path) -> None:
    base = toolkit("12.6.0", cudnn="9.5.0")
    assert resolve("tensorflow", base=base, folder=tmp_path, cuda="auto").versions == {
        "tensorflow": "2.21.0"
    }
    answer = resolve("tensorflow", cuda="12.4")
    assert answer.versions == {"tensorflow": "2.21.0", "nvidia-cudnn-cu12": "9.8.0.87"}
    assert resolve("tensorflow", cuda="11.8").versions["tensorflow"] == "2.14.1"
    found = conflict(resolve, "tensorflow", cuda="13.0")
    assert "no build of tensorflow fits CUDA 13.0" in found["headline"]
    answer = resolve("tensorflow", cuda="13.0", allow_other_major=True)
    assert answer.entry("tensorflow")["requirement"] == "tensorflow[and-cuda]"


def test_vllm_and_xformers_choose_the_torch_that_they_need(resolve: Resolve) -> None:
    assert resolve("vllm", cuda="12.8").versions["vllm"] == "0.11.0"
    assert resolve("vllm==0.11.0", cuda="12.8").versions["torch"] == "2.8.0+cu128"
    assert resolve("vllm==0.33.0", cuda="13.0").versions["torch"] == "2.14.0+cu130"
    answer = resolve("xformers==0.0.30", cuda="12.8")
    assert answer.versions == {"xformers": "0.0.30", "torch": "2.7.0+cu128"}


def test_pyg_comes_from_the_page_of_its_torch(resolve: Resolve, tmp_path: Path) -> None:
    page = tmp_path / "torch-2.14.0+cu130.html"
    make_wheel(tmp_path, "torch-scatter", "2.1.2+pt214cu130")
    page.write_text(
        "<a href='torch_scatter-2.1.2+pt214cu130-py3-none-any.whl'>"
        "torch_scatter-2.1.2+pt214cu130-py3-none-any.whl</a>"
    )
    answer = resolve(
        "torch-scatter", "torch", cuda="13.0",
        cuda_mirrors={"https://data.pyg.org/whl/": f"{tmp_path.as_uri()}/"},
    )  # fmt: skip
    assert answer.versions == {"torch-scatter": "2.1.2+pt214cu130", "torch": "2.14.0+cu130"}
    assert answer.entry("torch-scatter")["limits"] == ["torch==2.14.*"]
    assert answer.entry("torch-scatter")["index"].endswith("torch-2.14.0+cu130.html")


def test_flash_attn_has_to_fit_the_torch(resolve: Resolve, tmp_path: Path) -> None:
    found = conflict(resolve, "flash-attn==2.8.3+cu12torch2.8cxx11abifalse", "torch==2.8.0",
                     cuda="12.8")  # fmt: skip
    assert "has cxx11abi FALSE, and the chosen torch 2.8.0+cu128 has TRUE" in found["headline"]
    ways = [way["description"] for way in found["ways_out"]]
    assert ways == ["ask for flash-attn==2.8.3+cu12torch2.8cxx11abitrue"]
    answer = resolve(ways[0].removeprefix("ask for "), "torch==2.8.0", cuda="12.8")
    assert answer.versions["torch"] == "2.8.0+cu128"
    # By place, beside the torch of the base.
    base = [*toolkit("12.4.1"), *distribution("torch", "2.5.1+cu124")]
    mine = make_wheel(tmp_path, "flash-attn", "2.7.4+cu12torch2.5cxx11abiTRUE")
    found = conflict(resolve, str(mine), base=base, folder=tmp_path, cuda="auto")
    assert "the base's torch 2.5.1+cu124 has FALSE" in found["headline"]
    fitting = make_wheel(tmp_path, "flash-attn", "2.7.4+cu12torch2.5cxx11abiFALSE")
    answer = resolve(str(fitting), base=base, folder=tmp_path / "again", cuda="auto")
    assert list(answer.versions) == ["flash-attn"]


def test_hash_mode_changes_no_name(resolve: Resolve, wheels: Path, tmp_path: Path) -> None:
    digest = hashlib.sha256((wheels / "cupy-14.2.0-py3-none-any.whl").read_bytes()).hexdigest()
    request = tmp_path / "r.txt"
    request.write_text(f"cupy==14.2.0 --hash=sha256:{digest}\n")
    answer = resolve(requirement_files=[request], cuda="12.4")
    assert answer.versions == {"cupy": "14.2.0"}
    assert answer.tells("stays as it is in hash mode; for CUDA it would be cupy-cuda12x[ctk]")


def test_requirement_files_and_markers(resolve: Resolve, tmp_path: Path) -> None:
    request = tmp_path / "r.txt"
    request.write_text('cupy>=13; sys_platform == "linux"\njax; sys_platform == "win32"\ncupy<14\n')
    answer = resolve(requirement_files=[request], cuda="12.4")
    assert answer.versions == {"cupy-cuda12x": "13.6.0"}


def test_uv_installs_the_same_from_the_choice(
    resolve: Resolve, wheels: Path, tmp_path: Path
) -> None:
    answer = resolve("jax", "cupy", "onnxruntime-gpu", cuda="12.4")
    entries = answer.lock.to_dict()["cuda_packages"]
    asked = [one["requirement"] for one in entries]
    limits = tmp_path / "limits.txt"
    limits.write_text("".join(f"{limit}\n" for one in entries for limit in one["limits"]))
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "venv"], check=True)
    for arguments in (
        [*asked, "--constraint", str(limits)],
        [f"{name}=={version}" for name, version in answer.versions.items()],
    ):
        result = subprocess.run(
            [sys.executable, "-m", "uv", "pip", "install", "--python", tmp_path / "venv",
             "--dry-run", "--no-index", "--find-links", wheels, *arguments],
            check=True, capture_output=True, text=True,
        )  # fmt: skip
        chosen = dict(
            line.removeprefix(" + ").split("==")
            for line in result.stderr.splitlines()
            if line.startswith(" + ")
        )
        assert chosen == answer.versions
