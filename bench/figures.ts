import type { Measured, Shot } from './client.ts';
import { median, quantile } from './stats.ts';

export type Unit = 'ms' | '/s' | 'MiB' | 'a minute' | 'ms a minute';

export interface Figure {
  readonly name: string;
  readonly unit: Unit;
  readonly value: number;
}

/** What is told of one measurement: its median, its tail, calls a second, CPU time a call of everybody involved; or what the service does at rest. */
export type Aspect = 'p50' | 'p99' | 'rate' | 'cpu' | 'polkitd' | 'rest';

const msec = (usec: number): number => usec / 1000;

export function figuresOf(title: string, aspects: readonly Aspect[], measured: Measured): Figure[] {
  return aspects
    .flatMap((aspect) => told[aspect](measured))
    .map((figure) => ({ ...figure, name: `${title} ${figure.name}` }));
}

const told: Readonly<Record<Aspect, (measured: Measured) => Figure[]>> = {
  p50: ({ usec }) => [{ name: 'p50', unit: 'ms', value: msec(median(usec)) }],
  p99: ({ usec }) => [{ name: 'p99', unit: 'ms', value: msec(quantile(usec, 0.99)) }],
  rate: ({ usec, wallUsec }) => [{ name: 'rate', unit: '/s', value: (usec.length / wallUsec) * 1e6 }],
  cpu: ({ usec, cpuUsec }) => [
    { name: 'CPU daemon', unit: 'ms', value: msec(cpuUsec.service / usec.length) },
    { name: 'CPU dbus-daemon', unit: 'ms', value: msec(cpuUsec.bus / usec.length) },
  ],
  polkitd: ({ usec, cpuUsec }) => [{ name: 'CPU polkitd', unit: 'ms', value: msec(cpuUsec.polkitd / usec.length) }],
  rest: ({ wallUsec, wakeups, cpuUsec }) => [
    { name: 'wake-ups', unit: 'a minute', value: (wakeups / wallUsec) * 60e6 },
    { name: 'CPU', unit: 'ms a minute', value: msec((cpuUsec.service / wallUsec) * 60e6) },
  ],
};

/** @throws if a message was not turned away with an error: then its figure would be another one's */
export function bigMessageFigures(shots: readonly Shot[]): Figure[] {
  for (const { shape, answer } of shots)
    if (!/Error\./.test(answer) || /\.(NoReply|Timeout|Disconnected|ServiceUnknown)$/.test(answer))
      throw new Error(`16 MB of ${shape} were answered with: ${answer}`);

  const shapes = [...new Set(shots.map(({ shape }) => shape))];
  const worst = (name: string, of: readonly Shot[], usec: (shot: Shot) => number): Figure => ({
    name: `bigmessage ${name}`,
    unit: 'ms',
    value: msec(Math.max(...of.map(usec))),
  });
  return [
    ...shapes.flatMap((shape) => {
      const those = shots.filter((shot) => shot.shape === shape);
      return [
        worst(`${shape} bystander`, those, ({ worstUsec }) => worstUsec),
        worst(`${shape} answered`, those, ({ tookUsec }) => tookUsec),
      ];
    }),
    worst('none bystander', shots, ({ quietUsec }) => quietUsec),
  ];
}
