import type { AwsCredentials, AwsSettings, Secret } from '../../src/config/types';

export const secret = (value: string): Secret => ({
  reveal: () => value,
  toString: () => '***',
  toJSON: () => '***',
});

export const TEST_CREDENTIALS: AwsCredentials = {
  type: 'static',
  accessKeyId: secret('AKIDEXAMPLE'),
  secretAccessKey: secret('example'),
};

/** Settings of clients that speak to `endpoint` for every service. */
export function awsSettings(endpoint: string, overrides: Partial<AwsSettings> = {}): AwsSettings {
  return {
    region: 'us-east-1',
    credentials: TEST_CREDENTIALS,
    endpoints: { kinesis: endpoint, dynamodb: endpoint, sts: endpoint },
    connectTimeout: 2_000,
    requestTimeout: 10_000,
    maxSockets: 10,
    subscriptions: {
      protocol: 'auto',
      idleTimeout: 10_000,
      windowBytes: 256 * 1024,
      perConnection: 64,
      pingInterval: 15_000,
    },
    ...overrides,
  };
}
