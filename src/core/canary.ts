/** By what the native watchdog judges; set in the configuration's [canary] table under its snake_case names. */
export interface CanaryRule {
  /** SCHED_RR priority of the watchdog itself, above all that is granted. */
  readonly watchdogPriority: number;
  /** An ordinary thread may be late by so much before its CPU counts as silent. */
  readonly patienceMsec: number;
  /** Or by so much on average over the window, when it counts as sluggish. */
  readonly sluggishMsec: number;
  readonly sluggishWindowMsec: number;
  /** After a demotion so much time passes before the next one. */
  readonly graceMsec: number;
  /** The granted threads are to blame when they took this share of the CPU, 0 to 1. */
  readonly blameShare: number;
  /** High-priority threads may keep others waiting for so long. */
  readonly niceWindowMsec: number;
  /** Whether realtime threads that nobody granted are demoted, too, when they starve a CPU. */
  readonly demoteUnknown: boolean;
  /** How long an offender goes without what it was granted; doubled each time. */
  readonly cooldownSec: number;
}

export const defaultCanary: CanaryRule = {
  watchdogPriority: 99,
  patienceMsec: 300,
  sluggishMsec: 20,
  sluggishWindowMsec: 2000,
  graceMsec: 100,
  blameShare: 0.85,
  niceWindowMsec: 2000,
  demoteUnknown: false,
  cooldownSec: 30,
};
