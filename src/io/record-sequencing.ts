/**
 * EFFECTIVELY_ONCE: how a tenure numbers its records (`Record.recordSequence`), so that a topic that deduplicates
 * stores each of them once. A record has the same number in every tenure that uses the same producer name.
 */
export interface RecordSequencing {
  /** Under this name the broker remembers the numbers. */
  readonly producerName: string;
  /** Number of the first record of this tenure; all below were confirmed. From 0; numbers stay below 2^53. */
  readonly firstId: number;
  /** Whether a topic that does not deduplicate is made to, where that can be done. */
  readonly enablesDeduplication: boolean;
  /**
   * How many partitions of `topic` the records are spread over, before the first of them is sent to it.
   * @param found that the topic has now; 0: it is not partitioned.
   * @returns what is used: the count an earlier tenure used, or `found` once that is stored.
   * @throws ConnectorError LEASE_LOST, or why it cannot be stored
   */
  partitions(topic: string, found: number): Promise<number>;
  /**
   * Goes over to `found` partitions. Nothing may be in flight, and nothing is sent until it resolves: by then a
   * checkpoint covers all that was sent.
   * @param lastSent number of the last record sent in this tenure; −1: none.
   * @throws ConnectorError LEASE_LOST, or why it cannot be stored
   */
  repartition(topic: string, found: number, lastSent: number): Promise<void>;
  /**
   * The broker has taken these numbers for others (SEQUENCE_ID_CLASH): what it calls a duplicate may never have been
   * stored. No tenure uses them any more once this has resolved; the next one begins others, from the checkpoint.
   * @throws ConnectorError LEASE_LOST, or why it cannot be stored
   */
  abandon(): Promise<void>;
  /**
   * Resolves once everything up to and with that number is settled, here or in a dead-letter topic.
   * @throws ConnectorError LEASE_LOST
   */
  reached(id: number): Promise<void>;
}
