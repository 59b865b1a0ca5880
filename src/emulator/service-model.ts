/** An error as an AWS JSON service answers it: HTTP status, and `__type` with its message. */
export class ServiceError extends Error {
  constructor(
    /** For example `ResourceNotFoundException`, without namespace. */
    readonly type: string,
    message: string,
    readonly status: number = 400,
    /** Further members of the body. */
    readonly fields: { readonly [name: string]: unknown } = {},
  ) {
    super(message);
  }
}

/** Time of the emulated services; may be set and moved while they run. Milliseconds since the epoch. */
export interface ServiceClock {
  now(): number;
}

/** Who signed a request, by its signature. */
export interface Caller {
  /** Of the credential scope: where the caller believes the service to be. */
  readonly region?: string;
  readonly accessKeyId?: string;
  /** Twelve digits; absent where nobody knows whose access key it is: then the emulator's own. */
  readonly account?: string;
}

/** Members that are more than their JSON shows, in requests and answers alike. Needed by protocols that tell them apart. */
export interface WireTypes {
  /** Bytes; base64 text in JSON. */
  readonly blobs: ReadonlySet<string>;
  /** Instants; seconds since the epoch in JSON. */
  readonly timestamps: ReadonlySet<string>;
}

/** One event of an answer that goes on. */
export interface ServiceEvent {
  /** `:event-type`, for example `SubscribeToShardEvent`. */
  readonly type: string;
  /** JSON text as it stands on the wire. */
  readonly text: string;
}

/** An answer that goes on: its events come one by one, as the client takes them. */
export interface EventSource {
  /**
   * Waits for the next event; undefined when the answer has come to its end. One call at a time.
   * @throws ServiceError, which the client meets as an exception event: the answer has ended. The signal's reason.
   */
  next(signal: AbortSignal): Promise<ServiceEvent | undefined>;
  /** The client is gone. Idempotent. */
  close(): void;
}

/**
 * One emulated service without its sockets: JSON values in and out, exactly as they stand on the wire (bytes in base64).
 * The HTTP server, and the simulation, stand on it.
 */
export interface ServiceModel {
  /** First half of X-Amz-Target, for example `Kinesis_20131202`. */
  readonly target: string;
  readonly operations: readonly string[];
  /** For a service that speaks the query protocol too. */
  readonly query?: {
    /** Version of the API, by which a request names the service. */
    readonly version: string;
    readonly xmlNamespace: string;
  };
  /** Longest body of a request, as it is sent; 20 MiB when absent. */
  readonly maxBodyBytes?: number;
  /** For a service that speaks CBOR too. */
  readonly wireTypes?: WireTypes;
  /** @throws ServiceError */
  invoke(operation: string, input: unknown, caller?: Caller): unknown;
  /** Opens the answer of an operation that streams events. @throws ServiceError */
  openEvents?(operation: string, input: unknown, caller?: Caller): EventSource;
  /** Operations that `openEvents` takes. */
  readonly eventOperations?: readonly string[];
  /**
   * The same, answered as ready JSON text: for a model that can write its answer faster than JSON.stringify can.
   * @throws ServiceError
   */
  invokeText?(operation: string, input: unknown, caller?: Caller): string;
}
