import type { StreamConsumer } from '../aws/fan-out-api';
import type { FanOutCost, FanOutPrices } from '../explore/fan-out-cost';
import { instantInWords, spanInWords } from './humane';
import { textTable } from './text-table';

export interface PriceFlags {
  readonly pricePerConsumerShardHour?: number;
  readonly pricePerGb?: number;
  readonly gbPerMonth?: number;
  readonly hoursPerMonth: number;
}

export function pricesOf(flags: PriceFlags): FanOutPrices {
  return {
    perConsumerShardHour: flags.pricePerConsumerShardHour,
    perGb: flags.pricePerGb,
    gbPerMonth: flags.gbPerMonth,
    hoursPerMonth: flags.hoursPerMonth,
  };
}

/** @param now milliseconds since the epoch */
export function tableOfConsumers(consumers: readonly StreamConsumer[], now: number): string {
  return textTable([
    ['CONSUMER', 'STATUS', 'REGISTERED (UTC)', 'AGE', 'ARN'],
    ...consumers.map(({ name, status, createdAt, arn }) => [
      name,
      status,
      instantInWords(createdAt).slice(0, 19),
      spanInWords(now - createdAt),
      arn,
    ]),
  ]);
}

/** What a month costs, step by step; what is not given is named by its flag. */
export function costInWords(
  { consumers, openShards }: { readonly consumers: number; readonly openShards: number },
  { consumerShardHours, forHours, forBytes, total }: FanOutCost,
  { perConsumerShardHour, perGb, gbPerMonth, hoursPerMonth }: FanOutPrices,
): string {
  const hours = `${consumers} ${consumers === 1 ? 'consumer' : 'consumers'} x ${openShards} open shards x ${hoursPerMonth} h = ${consumerShardHours} consumer-shard-hours a month`;
  const lines = [
    forHours === undefined
      ? `${hours}; --price-per-consumer-shard-hour tells what they cost.`
      : `${hours}, at ${perConsumerShardHour}: ${money(forHours)}`,
    forBytes === undefined
      ? 'What is read is paid for too: --gb-per-month and --price-per-gb tell how much.'
      : `${gbPerMonth} GB a month, at ${perGb}: ${money(forBytes)}`,
    ...(total === undefined
      ? []
      : [`Together ${money(total)} a month, as long as shards and consumers stay.`]),
  ];
  return `${lines.join('\n')}\n`;
}

export function costForScripts(cost: FanOutCost, prices: FanOutPrices): { readonly [name: string]: number } {
  const { consumerShardHours, forHours, forBytes, total } = cost;
  return {
    hours: prices.hoursPerMonth,
    consumerShardHours,
    ...(forHours !== undefined && { costOfHours: forHours }),
    ...(forBytes !== undefined && { costOfBytes: forBytes }),
    ...(total !== undefined && { cost: total }),
  };
}

const money = (value: number): string => value.toFixed(2);
