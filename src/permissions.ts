import type { Process, Uid } from './core/thread.ts';
import type { Authority, Caller, Patience, ProcessTable, Right, Wanted } from './ports.ts';
import { Refused } from './refused.ts';
import type { Tolls } from './tolls.ts';

interface Parts {
  readonly authority: Authority;
  readonly processes: Pick<ProcessTable, 'standingOf'>;
  readonly tolls: Tolls;
}

/** Who may do what: root, on our own interface, whatever he likes; everybody else what polkit lets him. */
export class Permissions {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /**
   * Whether the target may have what is wanted for it.
   * @param uid of who speaks for it @throws Refused
   */
  async requireAcquire(
    uid: Uid,
    { face, scheduling }: Pick<Wanted, 'face' | 'scheduling'>,
    target: Process,
    patience: Patience,
  ): Promise<void> {
    // polkit would judge the target, who may well have no leave though root speaks for it.
    if (face === 'own' && uid === 0) return;
    try {
      await this.#parts.authority.authorize(target, face, scheduling.kind, patience);
    } catch (fault) {
      // About a process that has ended polkit has nothing to say, and that is no trouble of polkit's.
      const isGone = fault instanceof Refused && this.#parts.processes.standingOf(target) === 'gone';
      if (!isGone || fault.refusal.reason !== 'authority-unavailable') throw fault;
      throw new Refused({ reason: 'no-such-thread', what: `Process ${target.pid} has ended` });
    }
  }

  /** Whether the caller himself may do this with what is not his. @throws Refused */
  async require(caller: Caller, right: Right, patience: Patience): Promise<void> {
    if (caller.uid === 0) return;
    await this.#parts.tolls.ofQuestion(caller);
    await this.#parts.authority.permit(caller, right, patience);
  }

  /** The same for who is content with his own: a polkit that does not answer is not waited for long. @throws Refused 'burst' */
  async has(caller: Caller, right: Right, patience: Patience): Promise<boolean> {
    if (caller.uid === 0) return true;
    await this.#parts.tolls.ofQuestion(caller);
    try {
      await this.#parts.authority.permit(caller, right, patience === 'usual' ? 'brief' : patience);
      return true;
    } catch (fault) {
      if (fault instanceof Refused) return false;
      throw fault;
    }
  }
}
