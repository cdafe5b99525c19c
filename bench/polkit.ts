import type { Rig } from '../test/rig/rig.ts';
import { PolkitStoodStill } from './client.ts';

/**
 * polkitd 122 stops now and then under load, until its watch over runaway rules lets it go after 15 s: about once in
 * 5000 questions, whoever asks them. It is ended then, and what it spoilt is measured again.
 */
export class PolkitStops {
  count = 0;

  /** @throws PolkitStoodStill when it does so three times running */
  async around<Result>(rig: Rig, measure: () => Promise<Result>): Promise<Result> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await measure();
      } catch (fault) {
        if (!(fault instanceof PolkitStoodStill) || attempt === 3) throw fault;
        this.count++;
        await restart(rig);
      }
    }
  }
}

async function restart(rig: Rig): Promise<void> {
  // It would notice SIGTERM only when it moves again.
  if (rig.polkitPid !== undefined) process.kill(rig.polkitPid, 'SIGKILL');
  await rig.startPolkit();
}
