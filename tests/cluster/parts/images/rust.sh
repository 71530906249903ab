#!/bin/sh
# Gives a Debian file system, the only argument, the commands of Rust where the official image has them. The toolchain that
# they link to is mounted while the image is used.
set -eu
mkdir -p "$1/usr/local/cargo/bin" "$1/usr/local/rustup/toolchain"
for command in cargo rustc; do ln -s "../../rustup/toolchain/bin/$command" "$1/usr/local/cargo/bin/$command"; done
