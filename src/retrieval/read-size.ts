/**
 * Payload bytes an answer should have. AWS gives a reader 2 MB a second and shard (source: GetRecords, "Limits"),
 * so more in one answer gains nothing there, while decoding an answer costs several times its size in memory.
 */
const TARGET_BYTES = 1024 * 1024;

/** What a record costs in an answer beside its payload: sequence number, key, time and their names. */
const ENVELOPE_BYTES = 256;

/** Records of the first answer, when nothing is known of their size. */
const FIRST_LIMIT = 4;

/** How much of what is known an answer of smaller records takes back; one of larger records counts at once. */
const FORGETTING = 1 / 4;

/** How many records to ask for, so that answers come out at about the same size whatever the records' is; pure. */
export class ReadSize {
  readonly #max: number;
  #bytesPerRecord: number | undefined;

  /** @param max most records of one answer, 1 to 10,000. */
  constructor(max: number) {
    this.#max = max;
  }

  /** The limit of the next call. */
  get limit(): number {
    const wanted =
      this.#bytesPerRecord === undefined ? FIRST_LIMIT : Math.floor(TARGET_BYTES / this.#bytesPerRecord);
    return Math.min(this.#max, Math.max(1, wanted));
  }

  /** @param bytes payload bytes of all `records`. */
  answered(records: number, bytes: number): void {
    if (records === 0) {
      return;
    }
    const seen = bytes / records + ENVELOPE_BYTES;
    const known = this.#bytesPerRecord ?? seen;
    this.#bytesPerRecord = seen > known ? seen : known + (seen - known) * FORGETTING;
  }
}
