#!/bin/sh
# Builds and runs the tests of the C library: plain, and under the sanitizers.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT

for flags in '' '-fsanitize=address,undefined' '-fsanitize=thread'; do
	for test in sched pidfd waiter hammer vigil; do
		echo "${test} ${flags}"
		# shellcheck disable=SC2086 # $flags is a list
		${CC:-cc} -std=c11 -O1 -g -Wall -Wextra -Werror -pthread -fno-sanitize-recover=all $flags \
			-o "$out/$test" "$here/${test}_test.c" "$here/sleeper.c" "$here"/../*.c
		# Thread sanitizer cannot map its shadow under the strongest address randomisation.
		setarch -R timeout 30 "$out/$test"
	done
done
