const everyMsec = 750;

interface Watched {
  readonly gone: () => boolean;
  readonly onExit: () => void;
}

/** Where the kernel cannot tell of a thread's end: looks itself, within a second, and only while somebody waits. */
export class Rounds implements Disposable {
  readonly #watched = new Set<Watched>();
  #timer: NodeJS.Timeout | undefined;

  /** @returns how to stop it */
  watch(gone: () => boolean, onExit: () => void): () => void {
    const watched = { gone, onExit };
    this.#watched.add(watched);
    this.#timer ??= setInterval(() => this.look(), everyMsec).unref();
    return () => this.#forget(watched);
  }

  get waiting(): boolean {
    return this.#timer !== undefined;
  }

  /** What the timer does. */
  look(): void {
    for (const watched of [...this.#watched]) {
      if (!this.#watched.has(watched) || !watched.gone()) continue;
      this.#forget(watched);
      watched.onExit();
    }
  }

  [Symbol.dispose](): void {
    for (const watched of [...this.#watched]) this.#forget(watched);
  }

  #forget(watched: Watched): void {
    this.#watched.delete(watched);
    if (this.#watched.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
