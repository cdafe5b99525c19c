#!/bin/bash
# guest.sh [options] COMMAND: boots Debian with its own systemd, bus, polkit and logind, as a container on this machine's
# kernel, and runs a command in it as root. What the command says is heard, and its exit status is returned; 124 when time
# was up, 125 when the guest never came up.
#   --suite SUITE     which Debian (trixie)
#   --root DIR        another root file system than that of the suite
#   --limit S         how long all of it may take (120)
#   --drop CAP        a capability(7) that nobody in it has
#   --bind HOST:PATH  something of this machine, read-only; may be said more than once
# The checkout is /src in there, read-only. Whatever is written elsewhere is gone afterwards. No network.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
checkout=$(cd "$here/../.." && pwd)

suite=trixie root='' limit=120 options=()
while [ $# -gt 0 ]; do
	case $1 in
	--suite) suite=$2 ;;
	--root) root=$2 ;;
	--limit) limit=$2 ;;
	--bind) options+=("--bind-ro=$2") ;;
	--drop) options+=("--drop-capability=$2") ;;
	-*) echo "guest.sh: unknown option $1" >&2 && exit 2 ;;
	*) break ;;
	esac
	shift 2
done

root=${root:-$("$here/root.sh" "$suite")}
# clean DIR: what a guest leaves. Its control groups can go as soon as the kernel has let go of all its processes.
clean() {
	local tries=0 group
	for group in /sys/fs/cgroup/{,unified/,systemd/}"${1##*/}"; do
		while [ -d "$group" ] && [ $((tries += 1)) -lt 100 ]; do
			find "$group" -depth -type d -exec rmdir {} + 2>/dev/null || sleep 0.05
		done
	done
	rm -rf "$1"
}
for old in /tmp/realtime-broker-guest.*/pid; do
	[ ! -e "$old" ] || [ -d "/proc/$(cat "$old")" ] || clean "${old%/pid}"
done

run=$(mktemp -d /tmp/realtime-broker-guest.XXXXXX)
echo $$ >"$run/pid"
guest=
end() {
	[ -z "$guest" ] || kill -KILL "$guest" 2>/dev/null || true
	clean "$run"
}
trap end EXIT
trap 'exit 143' TERM
trap 'exit 130' INT

mkdir "$run/guest"
printf 'touch /run/guest/up\n%s\n' "$*" >"$run/guest/command"
mkfifo "$run/guest/output"
# The end of this unit is the end of the guest, and its exit status the guest's.
cat >"$run/guest.service" <<'UNIT'
[Unit]
Description=what guest.sh was told to run
After=multi-user.target
SuccessAction=exit-force
FailureAction=exit-force
[Service]
Type=exec
WorkingDirectory=/src
Environment=HOME=/root LC_ALL=C.UTF-8 SYSTEMD_COLORS=0 SYSTEMD_PAGER=cat
ExecStart=/bin/bash /run/guest/command
StandardOutput=file:/run/guest/output
StandardError=inherit
UNIT

# Held open until all is over, or the reader might see an end before the beginning.
exec 3<>"$run/guest/output"
cat "$run/guest/output" 3>&- &
reader=$!

# Killed, whoever is killed first, it takes all processes of the guest along: they live in one PID namespace.
status=0
(
	# Control groups of its own: the guest's systemd is to find none of ours in its tree.
	for hierarchy in /sys/fs/cgroup{,/unified,/systemd}; do
		[ -e "$hierarchy/cgroup.procs" ] || continue
		mkdir "$hierarchy/${run##*/}"
		echo "$BASHPID" >"$hierarchy/${run##*/}/cgroup.procs"
	done
	export SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1
	exec setpriv --pdeathsig KILL timeout --signal=KILL "$limit" setpriv --pdeathsig KILL \
		unshare --pid --mount --fork --kill-child=KILL --mount-proc --propagation private \
		systemd-nspawn --quiet --boot --directory="$root" --volatile=overlay --machine=guest --private-network \
		--register=no --keep-unit --notify-ready=no --console=pipe --link-journal=no --resolv-conf=off --timezone=off \
		--capability=all --bind-ro="$checkout:/src" --bind="$run/guest:/run/guest" \
		--bind-ro="$run/guest.service:/etc/systemd/system/guest.service" ${options[@]+"${options[@]}"} \
		systemd.wants=guest.service systemd.show_status=0
) >"$run/console" 2>&1 3>&- </dev/null &
guest=$!
# Or the shell would tell of a guest that was killed, in its own words.
{ wait "$guest" || status=$?; } 2>/dev/null
guest=
exec 3>&-
wait "$reader"

if [ ! -e "$run/guest/up" ]; then
	echo "guest.sh: the guest did not come up" >&2
	tail -20 "$run/console" >&2
	exit 125
fi
# timeout(1) that kills says so like a shell does.
[ "$status" -ne 137 ] || exit 124
exit "$status"
