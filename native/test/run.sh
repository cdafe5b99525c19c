#!/bin/sh
# Builds and runs the tests of the C library: plain, and under the sanitizers. With RTB_TEST_LONG=1 all of each test.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT

# built FLAGS: all sources as objects in $out, each compiled once for all tests.
built() {
	for source in "$here"/../*.c "$here"/*.c; do
		# shellcheck disable=SC2086 # the flags are a list
		${CC:-cc} -std=c11 -O1 -g -Wall -Wextra -Werror -pthread -fno-sanitize-recover=all $1 \
			-c -o "$out/$(basename "$source" .c).o" "$source" &
		pids="${pids-} $!"
	done
	for pid in $pids; do wait "$pid"; done
	pids=
}

for flags in '' '-fsanitize=address,undefined' '-fsanitize=thread'; do
	# Under the sanitizers the same code is seen in less time.
	form=${flags:+brief}
	if [ "${RTB_TEST_LONG-}" = 1 ]; then form=long; fi
	built "$flags"
	for test in sched own pidfd waiter hammer looks vigil events resident roster canary scout clocks watchdog; do
		echo "${test} ${flags}"
		objects=$(ls "$out"/*.o | grep -v '_test\.o$')
		# shellcheck disable=SC2086 # these are lists
		${CC:-cc} -pthread $flags -o "$out/$test" "$out/${test}_test.o" $objects
		# Those that starve a CPU do so alone: two at once on one machine would judge each other. The watchdog's look at
		# who takes how much of CPU 1, where daemons of others may run at realtime priority: tried once more, and told.
		case $test in canary | scout | clocks | watchdog) alone='flock /run' ;; *) alone= ;; esac
		# Thread sanitizer cannot map its shadow under the strongest address randomisation.
		# shellcheck disable=SC2086 # these are lists
		$alone setarch -R timeout 120 "$out/$test" $form || {
			# 134 is a claim that did not hold (abort); what a sanitizer finds ends otherwise, and is found once too often.
			[ "$?:$test" = 134:watchdog ] || exit 1
			echo "  again: $test"
			$alone setarch -R timeout 120 "$out/$test" $form
		}
	done
done
