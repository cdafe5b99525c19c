import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { Bystander } from '../rig/bystander.ts';
import { ownFace, rtkitFace } from '../rig/caller.ts';
import { look } from '../rig/kernel.ts';
import { ask, realtime } from '../rig/request.ts';
import { dataOf, Stage } from '../rig/stage.ts';

let stage: Stage | undefined;
afterEach(async () => {
  await stage?.rig.stop();
  stage = undefined;
});

test('a stderr that nobody reads any more keeps nobody waiting', async () => {
  const unread = 'mkfifo "$0"; sleep 60 < "$0" > /dev/null 2>&1 & exec 2> "$0"; rm "$0"; exec "$@"';
  const fifo = join('/tmp', `realtime-broker-unread-${process.pid}`);
  stage = await Stage.start({}, {}, { under: ['sh', '-c', unread, fifo] });
  const alice = await stage.caller();
  const began = performance.now();
  // Each grant is a line; a pipe holds some three hundred.
  for (let count = 0; count < 1000; count++) dataOf(await ask(ownFace, realtime(alice, 0, 5 + (count % 2))));
  expect(look(alice.pid)).toMatchObject({ policy: 'rr', priority: 6 });
  expect(performance.now() - began).toBeLessThan(20_000);
  stage.broker.signal('SIGTERM');
  expect(await stage.broker.exited).toEqual({ code: 0, signal: null });
  expect(look(alice.pid)).toMatchObject({ policy: 'other' });
});

test('a journald that is stopped keeps nobody waiting, and hears of everything when it goes on', async () => {
  // A real one, which dies with the broker, and to which the broker's stderr leads as far as the broker can see.
  const logged = `
    for folder in /run /var/log /etc/systemd; do mount -t tmpfs tmpfs $folder; done
    mkdir /run/systemd
    printf '%s\\n' '[Journal]' Storage=volatile Audit=no ReadKMsg=no RateLimitBurst=0 > /etc/systemd/journald.conf
    setpriv --pdeathsig KILL /lib/systemd/systemd-journald > /dev/null 2>&1 & echo "journald is $!"
    until [ -S /run/systemd/journal/socket ]; do sleep 0.05; done
    export JOURNAL_STREAM=$(stat -Lc %d:%i /proc/self/fd/2)
    exec "$@"`;
  stage = await Stage.start({}, {}, { under: ['sh', '-c', logged, 'sh'] });
  const journald = Number((await stage.broker.line(/^journald is/)).split(' ').at(-1));
  const heard = (): number => {
    execFileSync('nsenter', ['-t', `${journald}`, '-m', 'journalctl', '--sync']);
    const where = ['-D', `/proc/${journald}/root/run/log/journal`, '--quiet', '--output=cat'];
    const text = execFileSync('journalctl', [...where, `RTBROKER_PID=${alice.pid}`], { encoding: 'utf8' });
    return text.split('\n').filter(Boolean).length;
  };
  const alice = await stage.caller();
  const bystander = new Bystander(await stage.caller('bob'));
  process.kill(journald, 'SIGSTOP');
  // Each grant is a line; a datagram socket holds a few hundred at most, and often no more than ten.
  for (let count = 0; count < 1000; count++) dataOf(await ask(ownFace, realtime(alice, 0, 5 + (count % 2))));
  const { reads, p99Msec, worstMsec } = await bystander.stop();
  console.log(
    `1000 grants while journald was stopped; a bystander's ${reads} reads: p99 ${p99Msec} ms, worst ${worstMsec} ms`,
  );
  process.kill(journald, 'SIGCONT');
  await expect.poll(heard, { interval: 100, timeout: 10_000 }).toBe(1000);
  stage.broker.signal('SIGTERM');
  expect(await stage.broker.exited).toEqual({ code: 0, signal: null });
});

describe('where /proc is mounted with hidepid=2', () => {
  const hidden = ['unshare', '--mount', '--propagation', 'private', 'sh', '-c'];
  const mount = 'mount -t proc -o hidepid=2 proc /proc && exec "$@"';

  test('the broker finds everybody, and grants', async () => {
    stage = await Stage.start({}, {}, { under: [...hidden, mount, 'sh'] });
    const alice = await stage.caller();
    const tid = await alice.thread();
    dataOf(await ask(rtkitFace, realtime(alice, tid, 5)));
    expect(look(tid)).toMatchObject({ policy: 'rr', priority: 5 });
    const grants = await stage.grants(alice);
    expect(grants).toMatchObject([{ Thread: tid, Process: alice.pid, State: 'active' }]);
    await alice.stop();
    await expect.poll(() => stage?.property('ThreadCount')).toBe(0);
    expect(stage.faults).toEqual([]);
  });
});

test('root in a user namespace of its own is the ordinary user it was', async () => {
  stage = await Stage.start();
  const { rig } = stage;
  const home = rig.makeHome('alice');
  const inside = async (member: string, signature: string, ...args: string[]) => {
    const call = ['call', ownFace.name, ownFace.path, ownFace.name, member, signature, ...args];
    const busctl = ['busctl', `--address=${rig.address}`, ...call.filter((word) => word !== '')];
    const command = ['unshare', '--user', '--map-root-user', 'prlimit', '--rttime=200000:200000', ...busctl];
    const program = await rig.startProgram(home, ...command);
    const { code } = await program.exited;
    return { code, said: program.lines.join('\n') };
  };
  expect(await inside('MakeThreadRealtime', 'tu', '0', '5')).toEqual({ code: 0, said: '' });
  expect(stage.broker.lines.join('\n')).toMatch(/RTBROKER_UID=4201/);

  const bob = await stage.caller('bob');
  for (const refused of [
    await inside('DemoteAll', ''),
    await inside('MakeThreadRealtimeWithPID', 'ttu', `${bob.pid}`, '0', '5'),
    await inside('MakeThreadRealtime', 'tu', '0', '21'),
  ])
    expect(refused).toMatchObject({ code: 1, said: expect.stringMatching(/Call failed: /) });
  expect(look(bob.pid)).toMatchObject({ policy: 'other' });
  expect(stage.faults).toEqual([]);
});
