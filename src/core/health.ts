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
