#!/bin/bash
# What needs a whole Debian is tried in guests: `npm run test:system`, two at a time. With more words, which go
# to vitest: only the tests that start their guests themselves.
set -euo pipefail
cd "$(dirname "$0")/../.."

sh test/setup.sh system
npm run --silent build
sh packaging/deb.sh

export NO_COLOR=1
vitest=(node node_modules/vitest/vitest.mjs run --allowOnly=false --project system --reporter=./test/rig/honest.ts
	--reporter=verbose)
if [ $# -gt 0 ]; then exec "${vitest[@]}" "$@"; fi

told=$(mktemp -d)
trap 'rm -rf "$told"' EXIT

# tell NAME COMMAND…: what it says, after its name; and for the end, how it ended, how long it took, and what failed.
tell() {
	local name=$1 log failed began=$SECONDS outcome=FAILED
	log=$(mktemp "$told/log.XXXXXX")
	shift
	if "$@" </dev/null 2>&1 | tee "$log" | sed -u "s/^/$name | /"; then outcome=passed; fi
	failed=$(sed -n 's/^ FAIL  */              /p' "$log")
	printf '%s %4d s  %s: %s%s\n' "$outcome" $((SECONDS - began)) "$name" \
		"$(sed -n 's/^ *Tests  *//p' "$log" | grep . || echo 'no test was run')" "${failed:+$'\n'$failed}" >>"$told/outcomes"
}

# guest SUITE STATE BUS TESTS
guest() { tell "$1, $2, dbus-$3, $4" test/system/inside.sh "$@"; }

{
	guest trixie installed daemon installed
	guest trixie fresh daemon takeover
	guest bookworm installed daemon installed
} &
{
	guest bookworm fresh daemon takeover
	guest trixie installed broker bus
	# The first time it fetches all that a newcomer would.
	tell 'from outside' "${vitest[@]}"
} &
wait
echo
cat "$told/outcomes"
# All of them, or one never came to an end.
[ "$(grep -c ^passed "$told/outcomes")" -eq 6 ]
