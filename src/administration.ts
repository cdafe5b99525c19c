import type { Grant, Ledger } from './core/ledger.ts';
import type { Permissions } from './permissions.ts';
import type { Caller, Configuration, Patience, ProcessTable, Reach, Right, Sighting, Target } from './ports.ts';
import { Refused } from './refused.ts';
import type { Supervisor } from './supervisor.ts';

interface Parts {
  readonly ledger: Ledger;
  readonly supervisor: Supervisor;
  readonly processes: ProcessTable;
  readonly permissions: Permissions;
  readonly configuration: Configuration;
}

/** What people do to grants, as opposed to the programs that have them: to their own, and by polkit's leave to anybody's. */
export class Administration {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** Whose grants the caller may look at. @throws Refused 'burst' */
  async reach(caller: Caller, patience: Patience): Promise<Reach> {
    return (await this.#parts.permissions.has(caller, 'inspect', patience)) ? 'anyone' : 'own';
  }

  /** The thread the caller means: of his own, or, with that right, of anybody's. @throws Refused */
  async find(caller: Caller, target: Target, right: Right, patience: Patience): Promise<Sighting> {
    const { processes, permissions } = this.#parts;
    try {
      return await processes.find(caller, target);
    } catch (fault) {
      if (!(fault instanceof Refused) || fault.refusal.reason !== 'not-your-process') throw fault;
    }
    await permissions.require(caller, right, patience);
    return processes.find(caller, target, 'anyone');
  }

  /** The thread returns to what it ran as before it was granted anything. @throws Refused */
  async release(caller: Caller, target: Target, patience: Patience): Promise<void> {
    const sighting = await this.find(caller, target, 'manage', patience);
    this.#parts.supervisor.endings.release(this.#grantOf(sighting), caller);
  }

  /** The thread becomes an ordinary one, and its grant is over. @throws Refused */
  async demote(caller: Caller, target: Target, patience: Patience): Promise<void> {
    const { permissions, processes, supervisor } = this.#parts;
    await permissions.require(caller, 'manage', patience);
    const sighting = await processes.find(caller, target, 'anyone');
    supervisor.endings.demote(this.#grantOf(sighting), 'administrator', caller);
  }

  /** The same for all granted threads. @throws Refused */
  async demoteAll(caller: Caller, patience: Patience): Promise<void> {
    const { permissions, supervisor } = this.#parts;
    await permissions.require(caller, 'manage', patience);
    supervisor.endings.demoteAll('administrator', caller);
  }

  /** Reads the configuration anew. What was granted stays, though a limit may be lower now. @throws Refused */
  async reload(caller: Caller, patience: Patience): Promise<void> {
    const { permissions, configuration } = this.#parts;
    await permissions.require(caller, 'manage', patience);
    configuration.reload(caller);
  }

  #grantOf({ thread }: Sighting): Grant {
    const grant = this.#parts.ledger.find(thread);
    if (grant !== undefined) return grant;
    const what = `Thread ${thread.tid} of process ${thread.process.pid} has no grant`;
    throw new Refused({ reason: 'no-such-thread', what });
  }
}
