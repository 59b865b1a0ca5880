import { createKinesisPutApi } from '../../src/aws/kinesis-put-client';
import { systemClock } from '../../src/util/clock';
import { writeOn } from './writer';
import { requestsOf, STREAM } from './writer-settings';

const secret = { reveal: () => 'bench', toString: () => '***', toJSON: () => '***' };

/** Our client of PutRecords alone: body, signature, answer. */
void writeOn((settings) => {
  const api = createKinesisPutApi(
    {
      region: 'us-east-1',
      credentials: { type: 'static', accessKeyId: secret, secretAccessKey: secret },
      endpoints: { kinesis: settings.kinesis },
      connectTimeout: 2_000,
      requestTimeout: 10_000,
      maxSockets: settings.inFlight,
      subscriptions: {
        protocol: 'auto',
        idleTimeout: 30_000,
        windowBytes: 262_144,
        perConnection: 64,
        pingInterval: 15_000,
      },
    },
    { clock: systemClock },
  );
  const requests = requestsOf(settings);
  return async (turn) => {
    const entries = requests[turn % requests.length] ?? [];
    const results = await api.putRecords({ name: STREAM }, entries);
    return results.filter((result) => result.accepted).length;
  };
});
