#!/bin/sh
# What needs a whole Debian is tried in guests: `npm run test:system`, or with more words for vitest.
set -eu
cd "$(dirname "$0")/../.."

sh test/setup.sh system
npm run --silent build >/dev/null
exec node node_modules/vitest/vitest.mjs run --allowOnly=false --project system \
	--reporter=./test/rig/honest.ts --reporter=default "$@"
