#!/bin/sh
# What needs a whole Debian is tried in guests: `npm run test:system`, or with more words for vitest, for the tests that
# start their guests themselves.
set -eu
cd "$(dirname "$0")/../.."

sh test/setup.sh system
npm run --silent package
node node_modules/vitest/vitest.mjs run --allowOnly=false --project system \
	--reporter=./test/rig/honest.ts --reporter=default "$@"
[ $# -eq 0 ] || exit 0

# The broker's package, on Debian 13 and 12: as it boots, as it takes rtkit's place, and on the other bus.
test/system/inside.sh trixie installed daemon installed
test/system/inside.sh trixie fresh daemon takeover
test/system/inside.sh trixie installed broker bus
test/system/inside.sh bookworm installed daemon installed
test/system/inside.sh bookworm fresh daemon takeover
