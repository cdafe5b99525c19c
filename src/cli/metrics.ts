import { exitStatus } from './complaint.ts';
import type { Dictionary } from './dictionary.ts';
import { type Family, histogram, openMetrics, type Sample } from './openmetrics.ts';
import type { Verb } from './verb.ts';

/** What has happened, for Prometheus. */
export const metrics: Verb = {
  name: 'metrics',
  operands: [],
  flags: [],
  summary: 'print what has happened since the broker started, as OpenMetrics',
  details:
    "For the node exporter's textfile collector: have a timer write it to a file beside, and rename that to " +
    'realtime-broker.prom. Counts begin anew with the broker; one that was stopped is not started for this.',
  async run(tool) {
    const broker = await tool.broker();
    // A timer is nobody who wants to have it run.
    broker.autoStart = false;
    const [statistics, properties] = await Promise.all([broker.statistics(), broker.properties()]);
    return { status: exitStatus.done, lines: openMetrics([...now(properties), ...since(statistics)]) };
  },
};

const gauge = (name: string, help: string, samples: readonly Sample[]): Family => ({
  name: `realtime_broker_${name}`,
  type: 'gauge',
  help,
  samples,
});

const now = (properties: Dictionary): readonly Family[] => [
  gauge('version', 'The broker that runs.', [{ labels: { version: properties.text('Version') }, value: 1 }]),
  gauge('granted_threads', 'Threads with a grant.', [{ value: properties.number('ThreadCount') }]),
  gauge('granted_processes', 'Processes with granted threads.', [{ value: properties.number('ProcessCount') }]),
  gauge('granted_users', 'Users with granted threads.', [{ value: properties.number('UserCount') }]),
  gauge('starved', 'Realtime threads keep others from running.', [{ value: properties.flag('Starved') ? 1 : 0 }]),
  gauge(
    'degraded',
    'What the broker cannot do at present.',
    properties.words('Degraded').map((reason) => ({ labels: { reason }, value: 1 })),
  ),
];

const since = (statistics: Dictionary): readonly Family[] => {
  const startSeconds = statistics.number('SinceUSec') / 1e6;
  const counter = (name: string, help: string, samples: readonly Sample[]): Family => ({
    name: `realtime_broker_${name}`,
    type: 'counter',
    help,
    samples: samples.map((sample) => ({ ...sample, suffix: '_total' })),
  });
  const byWord = (key: string, label: string): readonly Sample[] =>
    statistics.counts(key).map(([word, value]) => ({ labels: { [label]: word }, value }));
  const alone = (key: string): readonly Sample[] => [{ value: statistics.number(key) }];

  return [
    { ...gauge('start_time_seconds', 'When the broker started.', [{ value: startSeconds }]), unit: 'seconds' },
    counter('grants', 'Requests that were granted.', byWord('Grants', 'kind')),
    counter('refusals', 'Requests that were refused.', byWord('Refusals', 'reason')),
    counter('removals', 'Grants that are over.', byWord('Removals', 'reason')),
    counter('demotions', 'Threads that were demoted for a while.', byWord('Demotions', 'reason')),
    counter('restorations', 'Demoted threads that have their grant back.', alone('Restorations')),
    counter('drifts', 'Threads that were found to run otherwise than granted.', byWord('Drifts', 'reason')),
    counter('starvations', 'How often a CPU began to starve.', alone('Starvations')),
    {
      name: 'realtime_broker_canary_lateness_seconds',
      type: 'histogram',
      unit: 'seconds',
      help: 'How late ordinary threads ran on CPUs where granted threads were busy.',
      samples: histogram(
        statistics.numbers('CanaryLatenessBoundsUSec').map((usec) => usec / 1e6),
        statistics.numbers('CanaryLateness'),
        statistics.number('CanaryLatenessSumUSec') / 1e6,
      ),
    },
  ];
};
