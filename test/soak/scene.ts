import { Asker } from '../kills/asker.ts';
import type { Caller } from '../rig/caller.ts';
import { Chance } from '../rig/chance.ts';
import type { Child } from '../rig/child.ts';
import { Faults } from '../rig/faults.ts';
import { type Rig, startRig } from '../rig/rig.ts';
import type { UserName } from '../rig/users.ts';

/** Whom the askers run as. */
const users = ['alice', 'alice', 'carol', 'carol', 'root'] as const;

/** Of each asker, in ms, on average: the machine is to have something else to do as well. */
const pauseMsec = 20;

/** Nobody is to ask too often; and polkit is given up soon, because it stops again and again. */
const config = `
burst.process_requests = 10000
burst.process_refill_per_sec = 10000
burst.user_requests = 10000
burst.user_refill_per_sec = 10000
polkit.timeout_msec = 1000
`;

/** A broker in service, and programs that ask it for something all the time. */
export class Scene {
  readonly rig: Rig;
  readonly root: Caller;
  readonly chance: Chance;
  readonly askers: readonly Asker[];
  adopted = 0;
  readonly faults = new Faults((line) => {
    this.adopted += Number(/(\d+) of \d+ grants were taken over/.exec(line)?.[1] ?? 0);
  });
  #broker: Child | undefined;

  private constructor(rig: Rig, root: Caller, chance: Chance, askers: readonly Asker[]) {
    this.rig = rig;
    this.root = root;
    this.chance = chance;
    this.askers = askers;
  }

  static async open(seed: number): Promise<Scene> {
    const chance = new Chance(seed);
    const rig = await startRig();
    try {
      const root = await rig.spawnCaller('root');
      const asker = async (user: UserName) => {
        const caller = await rig.spawnCaller(user);
        await caller.rttime(200_000, 200_000);
        return new Asker(caller, new Chance(chance.below(2 ** 31)), pauseMsec);
      };
      const askers: Asker[] = [];
      for (const user of users) askers.push(await asker(user));
      const scene = new Scene(rig, root, chance, askers);
      await scene.start();
      return scene;
    } catch (fault) {
      await rig.stop();
      throw fault;
    }
  }

  get broker(): Child {
    if (this.#broker === undefined) throw new Error('there is no broker');
    return this.#broker;
  }

  async start(): Promise<void> {
    this.#broker = await this.rig.startBroker({ config });
    this.faults.listen(this.#broker);
  }

  /** @throws unless it ends as it should: killed, or with 0 */
  async restart(signal: 'SIGKILL' | 'SIGUSR1'): Promise<void> {
    this.broker.signal(signal);
    const ending = await this.broker.exited;
    if (ending.code !== 0 && ending.signal !== 'SIGKILL') throw new Error(this.broker.epitaph('ended'));
    await this.start();
  }

  /** A program of that user's that may be realtime. */
  async visitor(user: UserName = this.chance.one(['alice', 'carol'])): Promise<Caller> {
    const caller = await this.rig.spawnCaller(user);
    await caller.rttime(200_000, 200_000);
    return caller;
  }

  [Symbol.asyncDispose] = (): Promise<void> => this.rig.stop();
}
