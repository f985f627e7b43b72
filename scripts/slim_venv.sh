#!/usr/bin/env bash
# Takes out of .venv what a server never reads, for an image: half a gigabyte, of which a checkout for developers has a use.
#
# needs: strip, of binutils
set -euo pipefail
root=$(cd "$(dirname "$(readlink -f "$0")")/.." && pwd -P)
cd "$root"/.venv/lib/python3*/site-packages

# The networks of others; plain Kokoro, which `bench` compares with, has an ALBERT.
find transformers/models -mindepth 1 -maxdepth 1 -type d ! -name albert ! -name auto -exec rm -r {} +
# A network of jieba's that is asked for by name only, with a library that is not installed.
rm -rf jieba/lac_small
find . -type d \( -name tests -o -path ./onnx/backend/test \) -prune -exec rm -r {} +

# Names of functions for debuggers, in the libraries that have most of them. With NVIDIA's code in them they are left alone.
if [[ $(<"$root/.venv/kokoro-wyoming.torch") == cpu ]]; then
    libraries=()
    for package in torch spacy pyopenjtalk blis thinc; do
        [[ ! -d $package ]] || libraries+=("$package")
    done
    find "${libraries[@]}" -type f -name '*.so*' -exec strip --strip-unneeded {} +
fi

# What is left can be imported, and speaks about numbers in every language.
cd "$root"
.venv/bin/python -c "from transformers import AlbertConfig, AlbertModel"
exec .venv/bin/python -m scripts.import_all
