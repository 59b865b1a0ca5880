import { type MetricDatum as CloudWatchDatum, PutMetricDataCommand } from '@aws-sdk/client-cloudwatch';
import type { AwsSettings } from '../config/types';
import type { MetricDataApi, MetricDatum } from '../metrics/metric-data-api';
import { callsTo } from './call';
import { type AwsDependencies, createCloudWatchClient } from './clients';
import { credentialSource } from './credentials';

/** CloudWatch over the AWS SDK, which compresses bodies of 10 KiB and more. `close` gives up its connections. */
export function createMetricDataApi(
  settings: AwsSettings,
  deps: AwsDependencies,
): MetricDataApi & { close(): void } {
  const client = createCloudWatchClient(settings, deps);
  const call = callsTo('cloudwatch', credentialSource(settings.credentials, settings, deps));

  return {
    putMetricData: async (namespace, data, options) => {
      const command = new PutMetricDataCommand({ Namespace: namespace, MetricData: data.map(datumOf) });
      await call('PutMetricData', namespace, options, (handler) => client.send(command, handler));
    },

    close: () => client.destroy(),
  };
}

function datumOf({ name, dimensions, timestamp, unit, statistics }: MetricDatum): CloudWatchDatum {
  return {
    MetricName: name,
    Dimensions: dimensions.map((dimension) => ({ Name: dimension.name, Value: dimension.value })),
    Timestamp: new Date(timestamp),
    Unit: unit,
    StatisticValues: {
      SampleCount: statistics.count,
      Sum: statistics.sum,
      Minimum: statistics.min,
      Maximum: statistics.max,
    },
  };
}
