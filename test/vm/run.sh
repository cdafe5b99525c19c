#!/bin/sh
# Realtime threads starve machines that are made for it: `npm run test:vm`.
# usage: run.sh [--runs N] [--scale N] [--cpus N,N…] [--machine NAME,NAME…] [--only PART-OF-A-NAME] [--installed]
set -eu
cd "$(dirname "$0")/../.."

if [ "$(uname -m)" != x86_64 ]; then
	echo "The guests are x86-64 machines and run what is built here: this needs an x86-64 machine."
	exit 1
fi
sh test/setup.sh vm
npm run --silent build >/dev/null

# What the guests are given: the stories, and what the tests of the installed broker need of the checkout.
mkdir -p build/vm
rm -rf build/vm-installed
mkdir -p build/vm-installed/build
for part in build/load dist dbus polkit systemd packaging test node_modules package.json vitest.config.mjs README.md SECURITY.md CHANGELOG.md; do
	ln -s "$PWD/$part" "build/vm-installed/$part"
done
compile() { cc -std=gnu11 -O2 -g -Wall -Wextra -Wno-missing-field-initializers -Werror -static -pthread -o "$@" native/*.c; }
compile build/vm/starve test/vm/starve/*.c
compile build/vm-installed/build/own native/test/own_test.c native/test/sleeper.c
exec node build/vm.js "$@"
