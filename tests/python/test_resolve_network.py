"""Resolving from indexes over HTTP: pins, credentials, and runs without a network."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import envpack
from support.simple_index import simple_index
from support.wheels import make_wheel

pytestmark = pytest.mark.usefixtures("no_index")

#: Name and password of the private index.
PRIVATE = "someone:hunter2"


def versions(lock: envpack.Lock) -> dict[str, str]:
    return {p.name: str(p.version) for p in lock.packages}


def test_a_pinned_index_gets_its_credentials_for_files_too(tmp_path: Path, base: str) -> None:
    for folder in ("private", "public"):
        (tmp_path / folder).mkdir()
    make_wheel(tmp_path / "private", "secret", "1.0", requires=("open",))
    make_wheel(tmp_path / "public", "secret", "9.0")
    make_wheel(tmp_path / "public", "open", "1.0")
    with (
        simple_index(tmp_path / "private", user=PRIVATE) as private,
        simple_index(tmp_path / "public") as public,
    ):
        options: dict[str, Any] = {
            "index_url": public.url, "index_pins": {"secret": private.url}
        }  # fmt: skip
        lock = envpack.resolve("secret", base=base, **options)
        assert versions(lock) == {"secret": "1.0", "open": "1.0"}
        assert not [one for one in private.requests if one.startswith("401")]
        assert not [one for one in public.requests if "secret" in one]
        assert "hunter2" not in lock.to_toml()

        # A build asks no index for pages: it fetches what the lock names.
        path = tmp_path / "pylock.toml"
        path.write_text(lock.to_toml())
        envpack.build(
            path, f"oci:{tmp_path / 'image'}", index_url=public.url,
            index_pins={"secret": private.url},
        )  # fmt: skip
        assert not [one for one in private.requests if one.startswith("401")]


def test_credentials_stay_with_their_origin(tmp_path: Path) -> None:
    (tmp_path / "files").mkdir()
    make_wheel(tmp_path / "files", "lib", "1.0")
    with (
        simple_index(tmp_path / "files", user=PRIVATE) as private,
        simple_index(tmp_path / "files", user="other:word") as other,
        pytest.raises(envpack.AuthenticationError) as caught,
    ):
        envpack.resolve("lib", index_url=other.bare_url, extra_index_urls=[private.url],
                        index_pins={"lib": other.bare_url})  # fmt: skip
    assert "hunter2" not in str(caught.value)


def test_what_was_resolved_online_resolves_offline(tmp_path: Path) -> None:
    for folder in ("extra", "main"):
        (tmp_path / folder).mkdir()
    make_wheel(tmp_path / "main", "app", "1.0", requires=("lib",))
    make_wheel(tmp_path / "main", "lib", "1.0")
    with simple_index(tmp_path / "extra") as extra, simple_index(tmp_path / "main") as main:
        options: dict[str, Any] = {"index_url": main.url, "extra_index_urls": [extra.url]}
        lock = envpack.resolve("app", **options)
        assert "404 /simple/app/" in extra.requests
        asked = len(extra.requests) + len(main.requests)
        offline = envpack.resolve("app", offline=True, **options)
        assert offline.to_toml() == lock.to_toml()
        assert len(extra.requests) + len(main.requests) == asked

        # An absence is no answer for those who are online.
        make_wheel(tmp_path / "extra", "lib", "2.0")
        assert versions(envpack.resolve("app", **options)) == {"app": "1.0", "lib": "2.0"}


def test_credentials_come_from_the_keyring_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "files").mkdir()
    make_wheel(tmp_path / "files", "lib", "1.0")
    with simple_index(tmp_path / "files", user=PRIVATE) as private:
        user, _, password = PRIVATE.partition(":")
        program = tmp_path / "bin" / "keyring"
        program.parent.mkdir()
        # It knows the host only, as `keyring set HOST USER` stores it.
        program.write_text(
            f"""#!/bin/sh
echo "$@" >> {tmp_path}/asked
case "$*" in
"get {private.host} {user}") echo {password} ;;
"--mode creds get {private.host}") echo {user}; echo {password} ;;
*) exit 1 ;;
esac
"""
        )
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")
        named = f"http://{user}@{private.host}/simple/"
        for url in (private.bare_url, named):
            with pytest.raises(envpack.AuthenticationError):
                envpack.resolve("lib", index_url=url)
            assert not (tmp_path / "asked").exists()
            lock = envpack.resolve("lib", index_url=url, keyring_provider="subprocess")
            assert versions(lock) == {"lib": "1.0"}
            assert password not in lock.to_toml()
            asked = (tmp_path / "asked").read_text()
            assert password not in asked
            (tmp_path / "asked").unlink()
        monkeypatch.setenv("PIP_KEYRING_PROVIDER", "subprocess")
        assert versions(envpack.resolve("lib", index_url=named)) == {"lib": "1.0"}
        with pytest.raises(envpack.AuthenticationError):
            envpack.resolve("lib", index_url=named, keyring_provider="disabled")
        program.unlink()
        with (
            pytest.warns(envpack.EnvpackWarning, match="no `keyring` on PATH"),
            pytest.raises(envpack.AuthenticationError),
        ):
            envpack.resolve("lib", index_url=named)
