#!/bin/sh
# All tests, on the machine's Node and on Node 24: `npm test`.
set -eu
cd "$(dirname "$0")/.."

sh test/setup.sh rtkit clients node24
npm run --silent lint
npm run --silent build
if [ -f native/test/run.sh ]; then sh native/test/run.sh; fi

# on NODE MAJOR [VITEST-OPTION…]. test/rig/honest.ts fails the run on another Node, and for a skipped test.
on() {
	node=$1
	export EXPECTED_NODE_MAJOR="$2"
	shift 2
	"$node" node_modules/vitest/vitest.mjs run --allowOnly=false --reporter=./test/rig/honest.ts --reporter=default "$@"
}

on node "$(node -p 'process.versions.node.split(".")[0]')" --project unit --project bus --project alone
on build/node24/node_modules/node/bin/node 24 --project unit --project bus
