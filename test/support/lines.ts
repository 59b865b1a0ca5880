/**
 * Cuts a text that comes in chunks into its lines. What stands behind the last end of a line is not there yet; when
 * the writer was killed, it never will be.
 */
export class Lines {
  #rest = '';

  constructor(private readonly onLine: (line: string) => void) {}

  add(text: string): void {
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) {
      this.onLine(line);
    }
  }

  /** Characters of a line that has not ended. */
  get unfinished(): number {
    return this.#rest.length;
  }
}
