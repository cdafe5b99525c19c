const namespace = 'org.freedesktop.DBus.Error';

type Kind =
  | 'UnknownObject'
  | 'UnknownInterface'
  | 'UnknownMethod'
  | 'UnknownProperty'
  | 'PropertyReadOnly'
  | 'InvalidArgs'
  | 'LimitsExceeded'
  | 'FileNotFound';

/** What a caller did wrong with D-Bus itself, before anything was judged: answered by D-Bus's own error names. */
export class Misuse extends Error {
  readonly busName: string;

  constructor(
    readonly kind: Kind,
    text: string,
  ) {
    super(text);
    this.busName = `${namespace}.${kind}`;
  }
}

/** A call of something that is not there. */
export class UnknownMember extends Misuse {
  constructor(
    kind: 'UnknownInterface' | 'UnknownMethod',
    text: string,
    readonly call: { readonly interface?: string; readonly member?: string; readonly signature?: string },
  ) {
    super(kind, text);
  }
}

/** A call with other arguments than the member takes: signatures of both. */
export class WrongArguments extends Misuse {
  constructor(
    text: string,
    readonly takes: string,
    readonly came: string,
  ) {
    super('InvalidArgs', text);
  }
}

/** Nobody else shall pay for a caller who asks and asks and does not wait. */
export class TooManyCalls extends Misuse {
  constructor(text: string) {
    super('LimitsExceeded', text);
  }
}

/** The caller is gone: there is nobody to answer. */
export class CallerGone extends Error {}

/** A stranger's words in a text of ours: no longer than people read. */
export const quote = (words: string): string => (words.length > 80 ? `'${words.slice(0, 80)}…'` : `'${words}'`);
