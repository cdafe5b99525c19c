#!/bin/bash
# guest.sh [options] COMMAND: boots a machine with a kernel of its own, emulated, and runs a command in it as root. What it
# reads and says is the command's, and so is its exit status; 124 when time was up, 125 when the machine died or never came up.
#   --kernel KERNEL    which of Debian's kernels it has, as kernel.sh calls them (trixie)
#   --cpus N, --mem MB (2, 512)
#   --append ARGS      more for the kernel's command line
#   --dir DIR          copied into it as /test, where the command starts
#   --root DIR         a whole Debian, whose systemd is its first process
#   --limit S          how long the command may take (60)
#   --monitor SOCKET   where QEMU's monitor listens; its pid is in SOCKET.pid
# There is nothing else in it, but busybox where there is no Debian, and all of it is in memory. Overload in there takes
# processor time here, no more.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)

kernel=trixie cpus=2 mem=512 append= dir= root= limit=60 monitor= patience=120
while [ $# -gt 0 ]; do
	case $1 in
	--kernel) kernel=$2 ;;
	--cpus) cpus=$2 ;;
	--mem) mem=$2 ;;
	--append) append=$2 ;;
	--dir) dir=$2 ;;
	--root) root=$2 ;;
	--limit) limit=$2 ;;
	--monitor) monitor=$2 ;;
	-*) echo "guest.sh: unknown option $1" >&2 && exit 2 ;;
	*) break ;;
	esac
	shift 2
done

base=$("$here/kernel.sh" "$kernel")
run=$(mktemp -d)
trap 'rm -rf "$run"' EXIT

# The whole guest is one initramfs, packed anew each time. What is packed later goes on top.
mkdir -p "$run/guest/test"
cp "$here/obey" "$run/guest/"
[ -z "$dir" ] || cp -rL "$dir/." "$run/guest/test/"
printf '%s\n' "$*" >"$run/guest/command"
if [ -n "$root" ]; then
	(cd "$root" && find . -xdev | cpio --quiet -o -H newc) >"$run/initrd"
	append="systemd.show_status=0 systemd.getty_auto=no systemd.wants=obey.service $append"
	patience=300
	mkdir -p "$run/guest/etc/systemd/system"
	ln -s /lib/systemd/systemd "$run/guest/init"
	printf '[Unit]\nAfter=multi-user.target\n[Service]\nExecStart=/obey\n' >"$run/guest/etc/systemd/system/obey.service"
else
	mkdir "$run/guest/bin"
	cp "$base/busybox" "$run/guest/bin/"
	install -m 755 "$here/init" "$run/guest/"
fi
(cd "$run/guest" && find . | cpio --quiet -o -H newc -R 0:0) >>"$run/initrd"

machine=(
	# No KVM, wherever it runs: what is measured in here stays comparable, and nested KVM is seldom whole.
	-accel tcg,thread=multi -cpu Nehalem -M q35,hpet=off
	-smp "$cpus" -m "$mem" -nodefaults -no-user-config -display none -no-reboot
	-kernel "$base/linux" -initrd "$run/initrd"
	-append "console=ttyS0 quiet panic=-1 mitigations=off no_timer_check nowatchdog tsc=reliable $append"
	-serial "file:$run/console" -chardev stdio,id=command,signal=off -serial chardev:command -serial "file:$run/status" -serial null
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
	if within "$patience" 1; then
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
