#!/bin/bash
# inside.sh SUITE fresh|installed daemon|broker [WORD…]: runs the tests of test/system/guest inside a guest of this suite, in
# which rtkit is installed (fresh) or the broker's package before it boots (installed), on dbus-daemon or dbus-broker. The
# words are vitest's.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
suite=$1 state=$2 bus=$3
shift 3
cd "$here/../.."

base=$("$here/root.sh" "$suite")
work=$(mktemp -d /var/tmp/realtime-broker-inside.XXXXXX)
trap 'rm -rf "$work"' EXIT

# Those who burn a CPU lock /run of the machine, and wait for one another; see test/rig/alone.ts.
options=(--limit 900 --bind /run:/run/machine)
# Debian 12 has too old a Node: this machine's is lent, and a package without anything in it says so.
[ "$suite" != bookworm ] || options+=(--bind "$(command -v node):/usr/local/bin/node")

# A layer above the root that all guests share, in memory. It, and what is mounted, is seen by this guest alone.
export here suite state bus base work
unshare --mount --propagation private bash -euc '
	mount -t tmpfs -o mode=755 layer "$work"
	mkdir "$work"/{upper,work,root}
	mount -t overlay overlay -o "lowerdir=$base,upperdir=$work/upper,workdir=$work/work" "$work/root"
	root=$work/root
	packages=$root/var/lib/realtime-broker-test
	cp build/realtime-broker_*.deb "$packages/realtime-broker.deb"

	mount --bind /dev "$root/dev"
	mount -t proc proc "$root/proc"
	install_package() {
		chroot "$root" dpkg --install "/var/lib/realtime-broker-test/$1.deb" >"$work/log" 2>&1 || { cat "$work/log"; exit 1; }
	}
	if [ $suite = bookworm ]; then
		mkdir -p "$work/nodejs/DEBIAN"
		printf "%s\n" "Package: nodejs" "Version: 99" "Architecture: all" "Maintainer: nobody <nobody@example.org>" \
			"Description: Node is lent" >"$work/nodejs/DEBIAN/control"
		dpkg-deb --build "$work/nodejs" "$packages/nodejs.deb" >/dev/null
		install_package nodejs
	fi
	[ $state = fresh ] || install_package realtime-broker
	[ $bus = daemon ] || ln -sf /usr/lib/systemd/system/dbus-broker.service "$root/etc/systemd/system/dbus.service"
	umount "$root/proc" "$root/dev"
	"$here/guest.sh" --root "$root" "$@"
' inside "${options[@]}" "NO_COLOR=1 EXPECTED_BUS=$bus node node_modules/vitest/vitest.mjs run --configLoader=runner --allowOnly=false \
	--project guest --reporter=./test/rig/honest.ts --reporter=verbose $*"
