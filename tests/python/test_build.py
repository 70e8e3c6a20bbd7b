"""Building onto a base image, read back by programs that are not ours."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

import envpack
from envpack import errors
from support.command import envpack as command
from support.engines import Engine, skopeo_inspect
from support.installed_trees import pip_install
from support.layouts import interpreter, make_layout, member
from support.locks import write_lock
from support.wheels import make_wheel

pytestmark = pytest.mark.usefixtures("no_index")


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheels")
    make_wheel(
        folder, "tool", "1.0", requires=("lib",),
        files={"tool.py": b"import lib\ndef main():\n    print('tool', lib.NUMBER)\n"},
        entry_points="[console_scripts]\ntool = tool:main\n",
    )  # fmt: skip
    make_wheel(folder, "lib", "2.0", files={"lib.py": b"NUMBER = 42\n" + b"#" * 100_000})
    return folder


@pytest.fixture
def lock(wheels: Path, base: str, tmp_path: Path) -> Path:
    path = tmp_path / "pylock.toml"
    path.write_text(
        envpack.resolve("tool", base=base, find_links=[wheels], no_index=True).to_toml()
    )
    return path


def test_an_image_from_a_lock_runs(lock: Path, tmp_path: Path, engine: Engine) -> None:
    image = f"oci:{tmp_path / 'image'}:latest"
    report = envpack.build(lock, image, env={"GREETING": "hello"}, labels={"team": "x"})
    config = json.loads(skopeo_inspect(image, "--config"))["config"]
    assert "GREETING=hello" in config["Env"]
    assert "VIRTUAL_ENV=/opt/venv" in config["Env"]
    assert config["Labels"] == {"team": "x"}
    assert json.loads(skopeo_inspect(image))["Digest"] == report.digest
    assert engine.run(image, "/opt/venv/bin/tool") == "tool 42\n"
    # The base's own package is seen from the environment.
    seen = engine.run(image, "/opt/venv/bin/python", "-c", "import yaml, tool; print('both')")
    assert seen == "both\n"


def test_a_second_build_has_the_same_digest_whatever_the_surroundings(
    lock: Path, tmp_path: Path
) -> None:
    digests = set()
    for number, (umask, env) in enumerate(
        [
            ("022", {}),
            ("077", {"TZ": "Asia/Tokyo", "LANG": "C", "LC_ALL": "C"}),
            ("000", {"TZ": "America/New_York", "LANG": "de_DE.UTF-8", "USER": "x", "HOME": "/"}),
        ]
    ):
        folder = tmp_path / f"place {number}"
        folder.mkdir()
        result = subprocess.run(
            ["sh", "-c", f'umask {umask}; exec "$@"', "sh", Path(sys.executable).parent / "envpack",
             "build", "--format", "json", "-o", "oci:image", lock],
            cwd=folder, env={**os.environ, **env}, check=True, capture_output=True, text=True,
        )  # fmt: skip
        digests.add(json.loads(result.stdout)["digest"])
    assert len(digests) == 1


def test_another_user_gets_the_same_digest(
    lock: Path, wheels: Path, base: str, tmp_path: Path
) -> None:
    ours = envpack.build(lock, f"oci:{tmp_path / 'ours'}").digest
    if os.getuid() != 0:
        pytest.skip("only root can become another user")
    # Everything on the way must be readable for that user, so the work moves to a public folder.
    result = subprocess.run(
        ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups",
         sys.executable, "-c", "import os, sys; print(os.access(sys.argv[1], os.X_OK))",
         Path(sys.executable).parent / "envpack"],
        check=False, capture_output=True, text=True,
    )  # fmt: skip
    if result.stdout != "True\n":
        pytest.skip("the command is in a folder that other users cannot reach")
    public = tmp_path / "public"
    public.mkdir(mode=0o777)
    public.chmod(0o777)
    for folder in (wheels, tmp_path, *wheels.parents, *tmp_path.parents):
        if not folder.stat().st_mode & 0o001:
            folder.chmod(0o755)
    lock.chmod(0o644)
    built = subprocess.run(
        ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups",
         Path(sys.executable).parent / "envpack", "build", "--format", "json", "-o", "oci:image",
         "--base", base, lock],
        cwd=public, env={**os.environ, "HOME": str(public), "ENVPACK_CACHE_DIR": str(public / "c")},
        check=False, capture_output=True, text=True,
    )  # fmt: skip
    assert built.returncode == 0, built.stderr
    assert json.loads(built.stdout)["digest"] == ours


def test_a_virtual_environment_becomes_an_image(
    wheels: Path, base: str, tmp_path: Path, engine: Engine
) -> None:
    version = envpack.freeze(base).python.version.rsplit(".", 1)[0]
    if f"{sys.version_info[0]}.{sys.version_info[1]}" != version:
        pytest.skip(f"the base has Python {version}, this one differs")
    venv = tmp_path / "my env"
    subprocess.run([sys.executable, "-m", "venv", venv], check=True)
    pip_install(venv, "--no-index", "-f", wheels, "tool", "lib")
    first = envpack.build(venv, f"oci:{tmp_path / 'image'}:a", base=base)
    second = envpack.build(venv, f"oci:{tmp_path / 'image'}:b", base=base)
    assert first.digest == second.digest
    image = f"oci:{tmp_path / 'image'}:a"
    assert engine.run(image, "tool") == "tool 42\n"
    checked = engine.run(image, "/opt/venv/bin/python", "-m", "pip", "check")
    assert "No broken requirements" in checked


def test_layers_are_plain_tars_without_traces_of_the_host(lock: Path, tmp_path: Path) -> None:
    report = envpack.build(lock, f"oci:{tmp_path / 'image'}")
    blob = tmp_path / "image/blobs/sha256" / report.layers[-1].digest.removeprefix("sha256:")
    with tarfile.open(blob, "r:gz") as tar:
        members = tar.getmembers()
    assert [m.name for m in members] == sorted(m.name for m in members)
    for one in members:
        assert (one.uid, one.gid, one.uname, one.gname) == (0, 0, "", "")
        assert one.mtime == 315532800
        assert one.mode in {0o644, 0o755, 0o777}
    # The parents that the base has keep the base's attributes.
    assert "opt" not in {m.name for m in members}
    assert "opt/venv" in {m.name for m in members}


def test_there_are_no_more_layers_than_engines_take(tmp_path: Path) -> None:
    noise = random.Random(0)
    sizes = {"small": 17, "largest": 20, "middle": 18}  # MiB: from 16 on, a layer of its own
    wheels = [
        make_wheel(tmp_path, name, "1.0", files={f"{name}.bin": noise.randbytes(size << 20)})
        for name, size in sizes.items()
    ]
    lock = write_lock(tmp_path / "pylock.toml", wheels)

    def base_of(layers: int) -> str:
        more = [[member(f"file{i}")] for i in range(1, layers)]
        return make_layout(tmp_path / f"base{layers}", interpreter(), *more)

    def titles(below: int) -> list[str]:
        report = envpack.build(lock, f"oci:{tmp_path / str(below)}", base=base_of(below))
        image = json.loads(skopeo_inspect(f"oci:{tmp_path / str(below)}:latest"))
        assert len(image["Layers"]) == below + len(report.layers)
        return [layer.title for layer in report.layers]

    alone = ["largest 1.0", "middle 1.0", "small 1.0", "environment with 0 packages"]
    assert titles(121) == alone  # 125 in all
    assert titles(123) == ["largest 1.0", "environment with 2 packages"]
    assert titles(124) == ["environment with 3 packages"]
    with pytest.raises(errors.LimitExceeded, match="the base has 125 layers, engines stop at 125"):
        envpack.build(lock, f"oci:{tmp_path / 'none'}", base=base_of(125))


def test_a_lock_for_another_base_is_refused(lock: Path, tmp_path: Path) -> None:
    text = lock.read_text()
    assert 'requires-python = "==3.11.*"' in text
    changed = tmp_path / "pylock.changed.toml"
    changed.write_text(text.replace('requires-python = "==3.11.*"', 'requires-python = "==3.9.*"'))
    result = command("build", changed, "-o", f"oci:{tmp_path / 'out'}", status=2)
    assert "rule: build.lock-base" in result.stderr
    assert not (tmp_path / "out").exists()


def test_settings_of_the_image_as_skopeo_reads_them(lock: Path, tmp_path: Path) -> None:
    image = f"oci:{tmp_path / 'image'}:latest"
    name = "org.opencontainers.image.base.name"
    envpack.build(
        lock, image, ports=[8080, "53/udp", "9000/tcp"], volumes=["/data"],
        annotations={"team": "x", name: "registry.example/base:1"},
    )  # fmt: skip
    config = json.loads(skopeo_inspect(image, "--config"))["config"]
    assert config["ExposedPorts"] == {"53/udp": {}, "8080/tcp": {}, "9000/tcp": {}}
    assert config["Volumes"] == {"/data": {}}
    annotations = json.loads(skopeo_inspect(image, "--raw"))["annotations"]
    assert annotations["team"] == "x"
    assert annotations[name] == "registry.example/base:1"
    assert annotations["org.opencontainers.image.base.digest"].startswith("sha256:")


def test_a_setting_that_no_image_can_have_is_refused_at_once(lock: Path, tmp_path: Path) -> None:
    options = [f"--port={text}" for text in ("0", "65536", "080", "80/", "80/icmp", "80 ", "-1")]
    for option in (*options, "--volume=data"):
        result = command("build", lock, "-o", f"oci:{tmp_path / 'out'}", option, status=2)
        assert "rule: oci.config-change" in result.stderr, option
        assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("compression", "suffix"), [("gzip", "+gzip"), ("zstd", "+zstd"), ("none", "")]
)
def test_compression_changes_the_blob_and_not_the_tar(
    lock: Path, tmp_path: Path, engine: Engine, compression: str, suffix: str
) -> None:
    standard = envpack.build(lock, f"oci:{tmp_path / 'standard'}")
    image = f"oci:{tmp_path / 'image'}:latest"
    output = command(
        "build", lock, "-o", image, "--compression", compression, "--format", "json"
    ).stdout
    layers = json.loads(output)["layers"]
    assert [layer["diff_id"] for layer in layers] == [x.diff_id for x in standard.layers]
    manifest = json.loads(skopeo_inspect(image, "--raw"))
    assert manifest["layers"][-1]["mediaType"] == f"application/vnd.oci.image.layer.v1.tar{suffix}"
    assert envpack.verify(image, lock).to_dict()["same_digest"] is True
    if engine.name == "podman":
        assert engine.run(image, "tool") == "tool 42\n"
