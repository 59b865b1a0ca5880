import type { RecordSequencing, Schema } from '../io';
import type { ProducerTransport } from '../pulsar/transport';
import type { BackoffBounds } from '../util/backoff';
import type { Clock } from '../util/clock';
import type { Logger } from '../util/logger';
import type { Random } from '../util/random';
import type { LaneWatch } from './lane-watch';

export interface DeliveryLaneOptions {
  readonly transport: ProducerTransport;
  readonly topic: string;
  /** Of all its records; bytes when absent. */
  readonly schema?: Schema;
  /** See ProducerOptions.chunked. */
  readonly chunked?: boolean;
  /** With EFFECTIVELY_ONCE: how its records are numbered. */
  readonly sequencing?: RecordSequencing | undefined;
  /** ATMOST_ONCE: what a producer leaves unconfirmed when it ends counts as done, and is not sent again. */
  readonly atMostOnce: boolean;
  readonly backoff: BackoffBounds;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Not watched when absent. */
  readonly watch?: LaneWatch;
  /** Whether this tenure may still send (G4). */
  readonly mayStillSend: () => boolean;
  /** The lane accepts records again after it had asked for a pause. */
  onRoom(): void;
  /** The lane cannot go on. */
  onFatal(error: Error): void;
}
