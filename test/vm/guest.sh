#!/bin/bash
# guest.sh [options] COMMAND: boots a machine with a kernel of its own, emulated, and runs a command in it as root. What it
# reads and says is the command's, and so is its exit status; 124 when time was up, 125 when the machine died or never came up.
#   --suite SUITE      whose Debian kernel it is (trixie)
#   --cpus N, --mem MB (2, 512)
#   --append ARGS      more for the kernel's command line
#   --dir DIR          copied into it as /test, where the command starts
#   --limit S          how long the command may take (60)
#   --monitor SOCKET   where QEMU's monitor listens; its pid is in SOCKET.pid
# There is nothing in it but busybox and DIR, all of it in memory. Overload in there takes processor time here, no more.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)

suite=trixie cpus=2 mem=512 append= dir= limit=60 monitor=
while [ $# -gt 0 ]; do
	case $1 in
	--suite) suite=$2 ;;
	--cpus) cpus=$2 ;;
	--mem) mem=$2 ;;
	--append) append=$2 ;;
	--dir) dir=$2 ;;
	--limit) limit=$2 ;;
	--monitor) monitor=$2 ;;
	-*) echo "guest.sh: unknown option $1" >&2 && exit 2 ;;
	*) break ;;
	esac
	shift 2
done

base=$("$here/kernel.sh" "$suite")
run=$(mktemp -d)
trap 'rm -rf "$run"' EXIT

# The whole guest is one initramfs, packed anew each time: it is small.
mkdir -p "$run/root"/{bin,test}
cp "$base/busybox" "$run/root/bin/"
cp "$here/init" "$run/root/init"
[ -z "$dir" ] || cp -rL "$dir/." "$run/root/test/"
printf '%s\n' "$*" >"$run/root/command"
chmod 755 "$run/root/init"
(cd "$run/root" && find . | cpio --quiet -o -H newc -R 0:0) >"$run/initrd"

machine=(
	# No KVM, wherever it runs: what is measured in here stays comparable, and nested KVM is seldom whole.
	-accel tcg,thread=multi -cpu Nehalem -M q35,hpet=off
	-smp "$cpus" -m "$mem" -nodefaults -no-user-config -display none -no-reboot
	-kernel "$base/linux" -initrd "$run/initrd"
	-append "console=ttyS0 quiet panic=-1 mitigations=off no_timer_check nowatchdog tsc=reliable $append"
	-serial "file:$run/console" -chardev stdio,id=command,signal=off -serial chardev:command -serial "file:$run/status"
)
[ -z "$monitor" ] || machine+=(-monitor "unix:$monitor,server=on,wait=off" -pidfile "$monitor.pid")

qemu=
end() {
	[ -z "$qemu" ] || kill -KILL "$qemu" 2>/dev/null || true
	wait 2>/dev/null
	qemu=
}
trap 'end; rm -rf "$run"' EXIT
trap 'exit 143' TERM
trap 'exit 130' INT

told() { [ -n "$(sed -n "$1p" "$run/status" 2>/dev/null)" ]; }

# within SECONDS LINE: waits until the guest has told that line of its status. False when it never will, or not in time.
within() {
	local end=$((SECONDS + $1))
	until told "$2"; do
		[ $SECONDS -lt $end ] || return
		kill -0 "$qemu" 2>/dev/null || { told "$2"; return; }
		sleep 0.1
	done
}

# Emulated CPUs that start at the same time now and then trip over each other; they have not run anything of ours yet.
for _ in 1 2 3; do
	: >"$run/status"
	setpriv --pdeathsig KILL qemu-system-x86_64 "${machine[@]}" <&0 &
	qemu=$!
	if within 120 1; then
		if within "$limit" 2; then exit "$(sed -n 2p "$run/status")"; fi
		kill -0 "$qemu" 2>/dev/null && exit 124
		tail -20 "$run/console" >&2
		exit 125
	fi
	echo "guest.sh: it did not come up" >&2
	end
done
tail -20 "$run/console" >&2
exit 125
