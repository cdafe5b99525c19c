import type { Answer } from './errors.ts';
import type { Member, Property, SignalRow } from './member.ts';

/** One interface of ours, on the object of its own, under the bus name of its own. */
export interface Face {
  readonly busName: string;
  readonly path: string;
  readonly interface: string;
  /** Its description, from dbus/. */
  readonly xml: string;
  readonly methods: readonly Member[];
  readonly signals: readonly SignalRow[];
  readonly properties: readonly Property[];
  /** The members of org.freedesktop.DBus.Properties. */
  readonly propertyMethods: readonly Member[];
  /** rtkit-daemon looks at the arguments it wants and at no more. */
  readonly extraArguments: 'refused' | 'ignored';
  /** WebKit takes UnknownInterface for "no such service": rtkit-daemon says UnknownMethod. */
  readonly unknownInterface: 'UnknownInterface' | 'UnknownMethod';
  toError(fault: unknown): Answer;
}
