/** What consumers of enhanced fan-out are paid for, in the prices of whoever asks: there are none in here. */
export interface FanOutPrices {
  /** Money for a consumer of one shard for an hour. */
  readonly perConsumerShardHour: number | undefined;
  /** Money for a gigabyte read. */
  readonly perGb: number | undefined;
  /** Gigabytes read in a month, by all consumers together. */
  readonly gbPerMonth: number | undefined;
  /** Hours of a month. */
  readonly hoursPerMonth: number;
}

/** Money a month is undefined as long as its price, or what it is for, is not given. */
export interface FanOutCost {
  readonly consumerShardHours: number;
  readonly forHours: number | undefined;
  readonly forBytes: number | undefined;
  readonly total: number | undefined;
}

/** Of `consumers` consumers that read every one of `shards` open shards for a month. */
export function fanOutCost(consumers: number, shards: number, prices: FanOutPrices): FanOutCost {
  const { perConsumerShardHour, perGb, gbPerMonth, hoursPerMonth } = prices;
  const consumerShardHours = consumers * shards * hoursPerMonth;
  const forHours = times(consumerShardHours, perConsumerShardHour);
  const forBytes = gbPerMonth === undefined ? undefined : times(gbPerMonth, perGb);
  const total = forHours === undefined || forBytes === undefined ? undefined : forHours + forBytes;
  return { consumerShardHours, forHours, forBytes, total };
}

const times = (amount: number, price: number | undefined): number | undefined =>
  price === undefined ? undefined : amount * price;
