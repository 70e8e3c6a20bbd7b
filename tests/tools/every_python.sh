#!/usr/bin/env bash
# Builds and installs the package for every Python from 3.9 on that this machine has (PATH and
# pyenv), imports it and freezes that environment. Prints the versions it found.
set -eu
cd "$(dirname "$0")/../.."
shopt -s nullglob
seen=()
for python in "${PYENV_ROOT:-$HOME/.pyenv}"/versions/*/bin/python3 $(type -ap python3.{9..14}); do
    version=$("$python" -I -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null) || continue
    case "$version" in 3.9 | 3.1[0-4]) ;; *) continue ;; esac
    case " ${seen[*]-} " in *" $version "*) continue ;; esac
    seen+=("$version")
    venv=build/pythons/$version
    rm -rf "$venv"
    "$python" -m venv "$venv"
    "$venv/bin/python" -m pip install --quiet --upgrade pip
    "$venv/bin/python" -m pip install --quiet .
    "$venv/bin/python" -c 'import envpack, sys
inventory = envpack.freeze(sys.prefix)
assert "envpack-oci" in inventory, inventory.packages
assert inventory.python.version.startswith("%d.%d." % sys.version_info[:2])
print("Python", sys.version.split()[0], "packages", len(inventory))'
    "$venv/bin/envpack" --version
done
echo "tried: ${seen[*]-none}"
