// What is used of dbus-native 0.16.1, which has types for its front door only. Its version is pinned.

declare module 'dbus-native/lib/handshake.js' {
  import type { Socket } from 'node:net';

  function handshake(
    socket: Socket,
    options: { readonly authMethods: readonly string[] },
    done: (error: Error | null) => void,
  ): void;
  export default handshake;
}

declare module 'dbus-native/lib/message.js' {
  const message: { marshall(message: object): Buffer };
  export default message;
}

declare module 'dbus-native/lib/dbus-buffer.js' {
  export default class DBusBuffer {
    constructor(body: Buffer, offset: number, options: object, byteOrder: number);
    read(signature: string): unknown[];
  }
}
