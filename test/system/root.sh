#!/bin/bash
# root.sh SUITE: makes a root file system of this Debian suite (bookworm, trixie …) with systemd, a bus, polkit, PipeWire,
# OpenAL Soft, rtkit, AppArmor and Node in it, from wherever this machine's own apt takes its packages, in a cache. Prints its folder.
set -euo pipefail
suite=$1
cache=${REALTIME_BROKER_GUEST:-/var/tmp/realtime-broker-guest}
keyring=/usr/share/keyrings/debian-archive-keyring.gpg

packages=(
	systemd systemd-sysv libpam-systemd dbus dbus-user-session dbus-broker polkitd rtkit
	pipewire pipewire-pulse pipewire-bin wireplumber pulseaudio-utils libopenal1
	nodejs procps util-linux libglib2.0-bin libsystemd0 apparmor
)

# Another list of packages, or another set-up, is another root: a guest may be running on this one.
root=$cache/root-$suite-$(sha256sum <"$0" | cut -c 1-8)
if [ -d "$root" ]; then
	echo "$root"
	exit
fi

mkdir -p "$cache"
exec 9>"$root.lock"
flock 9
if [ -d "$root" ]; then
	echo "$root"
	exit
fi

# Read to its end: who stops reading early kills the writer, and pipefail calls that a failure.
uri=$(apt-get indextargets --format '$(REPO_URI)' | awk '{ sub("/*$", "") } /\/debian$/ && !found { print; found = 1 } END { exit !found }') || {
	echo "root.sh: this machine's apt knows no Debian archive" >&2
	exit 1
}

# rtkit may have three processes, and the kernel counts those of its uid in all guests and on this machine.
case $suite in bookworm) rtkit=4213 ;; *) rtkit=4214 ;; esac
# dbus-broker would be the bus by being installed; dbus-daemon is, until something else is said.
work=$(mktemp -d "$cache/root.XXXXXX")
trap 'rm -rf "$work"' EXIT
echo "guest: making a root of Debian $suite, once" >&2
TMPDIR=$work mmdebstrap --variant=minbase --include="$(IFS=, && echo "${packages[*]}")" \
	--aptopt='Acquire::Languages "none"' --dpkgopt=force-unsafe-io \
	--dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/doc/*' \
	--dpkgopt='path-exclude=/usr/share/locale/*' \
	--customize-hook='chroot "$1" useradd --create-home --uid 4211 --user-group --shell /bin/bash alice' \
	--customize-hook='chroot "$1" useradd --create-home --uid 4212 --user-group --shell /bin/bash bob' \
	--customize-hook="chroot \"\$1\" usermod --uid $rtkit rtkit" \
	--customize-hook='rm "$1/etc/systemd/system/dbus.service" "$1/etc/systemd/user/dbus.service"' \
	--customize-hook='echo guest >"$1/etc/hostname"; : >"$1/etc/fstab"; : >"$1/etc/machine-id"; mkdir -p "$1/src"' \
	--customize-hook='mkdir "$1/var/lib/realtime-broker-test" && cd "$1/var/lib/realtime-broker-test" &&
		APT_CONFIG=$MMDEBSTRAP_APT_CONFIG apt-get download rtkit && mv rtkit_* rtkit.deb' \
	"$suite" "$work/root" "deb [signed-by=$keyring] $uri $suite main" >"$root.log" 2>&1 </dev/null || {
	tail -30 "$root.log" >&2
	exit 1
}

chmod 755 "$work/root"
mv "$work/root" "$root"
echo "$root"
