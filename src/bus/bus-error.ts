/** An error the other side of the bus answered, or that stands for its silence. Its `name` is the D-Bus error name. */
export class BusError extends Error {
  constructor(
    override readonly name: string,
    readonly text: string,
  ) {
    super(text);
  }
}

/** Somebody else owns a name we need: there must not be two brokers. */
export class NameTaken extends Error {
  constructor(readonly busName: string) {
    super(`the bus name ${busName} is taken: another broker or rtkit-daemon runs`);
  }
}
