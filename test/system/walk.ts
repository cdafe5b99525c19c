import { Child } from '../rig/child.ts';
import { fromRoot } from '../rig/paths.ts';
import { typedUnder } from '../rig/readme.ts';

/** Some lines that somebody types into one shell. */
export interface Stop {
  readonly name: string;
  /** root in the clone; alice in her session at the machine; bob without any, as over ssh. */
  readonly who: 'root' | 'alice' | 'bob';
  readonly lines: readonly Line[];
}

export interface Line {
  readonly typed: string;
  /** It ends with 0 unless told otherwise, and says something like this. */
  readonly status?: number;
  readonly says?: RegExp;
  /** Typed again, for ten seconds at most, until grep -P finds this in what it says: people are slower than this test. */
  readonly until?: string;
}

export interface Outcome {
  readonly output: string;
  readonly status: number;
}

/** Walks from stop to stop in a guest of newcomer.sh. @returns what came of each line of each stop */
export async function walk(stops: readonly Stop[]): Promise<readonly (readonly Outcome[])[]> {
  const [[install = ''] = []] = typedUnder('As a package').map(({ commands }) => commands);
  const command = [fromRoot('test/system/newcomer.sh'), install, scriptOf(stops)];
  const env = Object.fromEntries(Object.entries(process.env).flatMap(([key, value]) => (value ? [[key, value]] : [])));
  const guest = await Child.start('guest', command, { env });
  const { code } = await guest.exited;
  if (code !== 0) throw new Error(guest.epitaph('did not come to a good end'));

  const parts = `${guest.lines.join('\n')}\n`.split(/^--- typed: (\d+)\n/m);
  const outcomes = parts.flatMap((output, index) =>
    index % 2 === 0 && index + 1 < parts.length ? [{ output, status: Number(parts[index + 1]) }] : [],
  );
  if (outcomes.length !== stops.flatMap(({ lines }) => lines).length)
    throw new Error(guest.epitaph(`came no further than line ${outcomes.length}`));
  return stops.map(({ lines }) => outcomes.splice(0, lines.length));
}

const shells: Readonly<Record<Stop['who'], string>> = {
  root: 'bash',
  alice: 'systemd-run --quiet --user --machine=alice@ --collect --pipe --wait bash',
  bob: 'runuser -u bob -- bash',
};

const prelude = `
typed() {
	for attempt in $(seq 100); do
		eval "$1" >/tmp/said-$UID 2>&1 </dev/null
		status=$?
		[ -z "$2" ] || grep -qPz "$2" /tmp/said-$UID || { sleep 0.1; continue; }
		break
	done
	cat /tmp/said-$UID
	echo "--- typed: $status"
}`;

/** Each line is evaluated in its stop's shell, which keeps variables and what runs in the background. */
const scriptOf = (stops: readonly Stop[]): string =>
  stops
    .map(({ who, lines }, index) => {
      const calls = lines.map(({ typed, until = '' }) => `typed ${quoted(typed)} ${quoted(until)}`);
      const file = `/run/stop-${index}`;
      return `cat >${file} <<'END OF STOP'\n${[prelude, ...calls].join('\n')}\nEND OF STOP\n${shells[who]} ${file}`;
    })
    .reduce((script, stop) => `${script}\n${stop}`, 'cd /root/realtime-broker');

const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;
