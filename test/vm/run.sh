#!/bin/sh
# Realtime threads starve machines that are made for it: `npm run test:vm`.
# usage: run.sh [--runs N] [--scale N] [--cpus N,N…] [--suite SUITE,SUITE…] [--only PART-OF-A-NAME]
set -eu
cd "$(dirname "$0")/../.."

if [ "$(uname -m)" != x86_64 ]; then
	echo "The guests are x86-64 machines and run what is built here: this needs an x86-64 machine."
	exit 1
fi
sh test/setup.sh vm
npm run --silent build >/dev/null
mkdir -p build/vm
cc -std=gnu11 -O2 -g -Wall -Wextra -Werror -static -pthread -o build/vm/starve test/vm/starve/*.c native/*.c
exec node build/vm.js "$@"
