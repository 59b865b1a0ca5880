/** Source: CloudWatch API, MetricDatum. */
export interface MetricDatum {
  readonly name: string;
  readonly dimensions: readonly { readonly name: string; readonly value: string }[];
  /** Milliseconds since the epoch. */
  readonly timestamp: number;
  readonly unit: 'Count' | 'Bytes' | 'Milliseconds' | 'None';
  readonly statistics: {
    readonly count: number;
    readonly sum: number;
    readonly min: number;
    readonly max: number;
  };
}

/** What the publisher needs of CloudWatch; src/aws implements it. */
export interface MetricDataApi {
  /** One attempt. @param data 1 to 1,000 data. @throws ConnectorError */
  putMetricData(
    namespace: string,
    data: readonly MetricDatum[],
    options?: { readonly signal?: AbortSignal },
  ): Promise<void>;
}
