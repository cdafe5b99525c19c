// What is used of dbus-native 0.16.1, which has types for its front door only. Its version is pinned.

declare module 'dbus-native/lib/message.js' {
  const message: {
    /** For tests: a whole message. */
    unmarshall(bytes: Buffer): { readonly destination?: string };
  };
  export default message;
}

declare module 'dbus-native/lib/marshall.js' {
  /** @param offset where in its message the first value begins */
  function marshall(signature: string, values: readonly unknown[], offset?: number): Buffer;
  export default marshall;
}

declare module 'dbus-native/lib/dbus-buffer.js' {
  export default class DBusBuffer {
    constructor(body: Buffer, offset: number, options: object, byteOrder: number);
    read(signature: string): unknown[];
  }
}
