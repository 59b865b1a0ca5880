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
  /** @throws ServiceError */
  invoke(operation: string, input: unknown): unknown;
  /**
   * The same, answered as ready JSON text: for a model that can write its answer faster than JSON.stringify can.
   * @throws ServiceError
   */
  invokeText?(operation: string, input: unknown): string;
}
