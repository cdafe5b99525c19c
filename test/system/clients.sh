# In a guest, as root: Debian's own audio programs in alice's session. A line for each thread that asked for something, the
# program's name before it, as the kernel runs it: see test/fixtures/look.c.
set -eu
. /src/test/system/session.sh

# thread PID NAME: the id of its thread of that name.
thread() { basename "$(dirname "$(grep -lx "$2" /proc/"$1"/task/*/comm)")"; }

is_realtime() { build/look "$1" | grep -q '"rr"'; }

show() { echo "$1 $(build/look "$2")"; }

as_alice systemctl --user start pipewire.service wireplumber.service
for program in pipewire wireplumber; do
	pid=$(as_alice systemctl --user show --property=MainPID --value $program.service)
	eventually 'is_realtime $(thread $pid data-loop.0)'
	show "$program main" "$pid"
	show "$program data" "$(thread "$pid" data-loop.0)"
done

# No device is needed to play to.
as_alice pw-cli create-node adapter "{ factory.name=support.null-audio-sink node.name=silence media.class=Audio/Sink
	audio.position=[ FL FR ] object.linger=true }" >/dev/null
# pw-play of PipeWire 1.4 plays in its main thread, and asks for nothing.
as_alice pw-loopback &
eventually 'as_alice pw-link --links | grep -q loopback'
pid=$(pgrep -x pw-loopback)
eventually 'is_realtime $(thread $pid data-loop.0)'
show "pw-loopback data" "$(thread "$pid" data-loop.0)"

as_alice --setenv=ALSOFT_DRIVERS=null /src/build/openal </dev/zero >/dev/null &
eventually 'pgrep -x openal'
# The first thread it starts mixes; with this driver it has no name of its own.
mixer() { ls "/proc/$(pgrep -x openal)/task" | sort -n | sed -n 2p; }
eventually 'is_realtime $(mixer)'
show "openal mixer" "$(mixer)"

# It stays as it is when it ends, until there is nothing more to read.
mkfifo /tmp/stay
exec 3<>/tmp/stay
as_alice /src/build/linger /usr/libexec/installed-tests/rtkit/rtkit-test </tmp/stay >/tmp/rtkit-test &
eventually 'grep lingers /tmp/rtkit-test'
show "rtkit-test" "$(sed -n 's/ lingers$//p' /tmp/rtkit-test)"
exec 3>&-

pid=$(as_alice systemctl --user show --property=MainPID --value pipewire.service)
rtkitctl --reset-all
show "pipewire main, reset" "$pid"
show "pipewire data, reset" "$(thread "$pid" data-loop.0)"
