#!/bin/bash
# newcomer.sh LINE COMMAND: runs a command in a guest like guest.sh, in a Debian 13 as it comes, with rtkit, and a fresh clone
# of this checkout in /root/realtime-broker. Guests have no network: what a newcomer gets from there is brought beforehand,
# and kept. The LINE, by which README.md has apt install what building takes, is run for that as it stands; npm's cache has
# what package-lock.json names, and apt's has rtkit. Whoever sits there answers apt's questions with yes.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
line=$1 command=$2
cd "$here/../.."

base=$("$here/root.sh" trixie)
work=$(mktemp -d "${base%/*}/newcomer.XXXXXX")
trap 'rm -rf "$work"' EXIT
export here base work

# apart COMMAND…: nobody else sees what it mounts.
apart() { unshare --mount --propagation private bash -euo pipefail -c "$@"; }

bring() {
	mkdir -p "$work"/{root,work,npm,brought/root,brought/etc/{apt/apt.conf.d,dpkg/dpkg.cfg.d}}
	chmod 755 "$work/brought"
	echo 'APT::Get::Assume-Yes "true";' >"$work/brought/etc/apt/apt.conf.d/yes"
	# Documentation as in any Debian, where README.md sends its reader.
	printf '%s\n' force-unsafe-io 'path-include=/usr/share/doc/realtime-broker/*' >"$work/brought/etc/dpkg/dpkg.cfg.d/zz-newcomer"
	echo offline=true >"$work/brought/root/.npmrc"
	cp package.json package-lock.json "$work/npm"
	npm ci --prefix "$work/npm" --cache "$work/brought/root/.npm" --ignore-scripts --no-audit --no-fund --loglevel=error
	apart '
		mount -t overlay overlay -o "lowerdir=$base,upperdir=$work/brought,workdir=$work/work" "$work/root"
		mount --bind /dev "$work/root/dev"
		mount -t proc proc "$work/root/proc"
		export DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8
		chroot "$work/root" apt-get update
		chroot "$work/root" $0
		chroot "$work/root" apt-get install --reinstall --download-only rtkit
		# Another uid than in other guests: see root.sh.
		chroot "$work/root" usermod --uid 4215 rtkit
	' "$line"
}

# Other packages, or another way to bring them, are another layer.
export brought=${base%/*}/newcomer-$( (echo "$base $line" && declare -f bring && cat package-lock.json) | sha256sum | cut -c 1-8)
exec 9>"$brought.lock"
flock 9
if [ ! -d "$brought" ]; then
	echo "guest: fetching what a newcomer would, once" >&2
	trap 'tail -30 "$brought.log" >&2; rm -rf "$work"' EXIT
	bring >"$brought.log" 2>&1 </dev/null
	mv "$work/brought" "$brought"
	trap 'rm -rf "$work"' EXIT
fi
exec 9>&-

# A layer above all that, in memory.
apart '
	mount -t tmpfs -o mode=755 layer "$work"
	mkdir -p "$work"/{root,work,upper/root/realtime-broker}
	git ls-files -z --cached --others --exclude-standard | tar --null --files-from=- --create |
		tar --extract --directory="$work/upper/root/realtime-broker" --no-same-owner
	mount -t overlay overlay -o "lowerdir=$brought:$base,upperdir=$work/upper,workdir=$work/work" "$work/root"
	"$here/guest.sh" --root "$work/root" --limit 540 "$0"
' "$command"
