/** What the broker cannot do at present, as open-ended words; no words: all is well. */
export class Health {
  readonly #words = new Set<string>();

  /** Called when the words changed. */
  onChange: () => void = () => {};

  get degraded(): readonly string[] {
    return [...this.#words].sort();
  }

  set(word: string, degraded: boolean): void {
    if (degraded === this.#words.has(word)) return;
    if (degraded) this.#words.add(word);
    else this.#words.delete(word);
    this.onChange();
  }
}

/** What each word means, and what to do about it where something can be done. */
const meanings: Readonly<Record<string, string>> = {
  'no-realtime': 'The kernel does not let the broker make a thread SCHED_RR: no realtime request can be granted.',
  'rt-group-sched':
    "The broker's control group has no realtime budget (RT_GROUP_SCHED): write one to its cpu.rt_runtime_us, or boot with rt_group_sched=0 (Linux 6.16).",
  'no-watchdog': 'The watchdog may not have its priority, and nothing is granted that nobody watches.',
  'ordinary-priority':
    'The broker could not make itself SCHED_RR, or has an RLIMIT_RTTIME it cannot raise: its answers come late while all CPUs are busy.',
  'no-clamp':
    'rttime.policy is "clamp" and the broker may not set the limits of others: who has no RLIMIT_RTTIME is refused. Give its unit CAP_SYS_RESOURCE (clamp.conf among the examples).',
  'no-pidfd-thread':
    'The kernel has no PIDFD_THREAD (Linux 6.9): threads are told apart by their start times, and places of threads that ended are freed within a second.',
  'state-unwritable':
    "The broker's runtime directory cannot be written, and nothing is granted that a restart would forget: free some room, or see whether it is read-only.",
  'polkit-unavailable': 'polkit does not answer, and nothing is granted without it: see whether polkitd runs.',
};

/** The word that there is no canary where granted threads may run. */
export const noCanaryOn = (cpu: number): string => `no-canary-on-cpu-${cpu}`;
const noCanary = /^no-canary-on-cpu-(\d+)$/;

/** A sentence for people, also about a word that is not known here: a newer broker may say more. */
export function meaningOf(word: string): string {
  if (Object.hasOwn(meanings, word)) return meanings[word]!;
  const cpu = noCanary.exec(word)?.[1];
  return cpu === undefined
    ? 'Nothing is known about this here: see the journal of the broker.'
    : `Granted threads may run on CPU ${cpu} and the broker's canary may not, so nobody notices who starves it: let the broker's unit use that CPU (AllowedCPUs=).`;
}
