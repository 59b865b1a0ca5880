import { loadConfigObject } from '../../src/config';
import { permissionsOf } from '../../src/iam/permissions';
import { policiesOf } from '../../src/iam/policies';

const source = {
  name: 'orders',
  topicName: 'orders',
  sourceType: 'kinesis',
  configs: { awsKinesisStreamName: 'orders', retrievalMode: 'polling', applicationName: 'orders' },
};
const sink = {
  name: 'exports',
  inputs: ['exports'],
  sinkType: 'kinesis',
  configs: { awsKinesisStreamName: 'exports' },
};

/** The policies that docs/iam.md shows, by their names there. */
export const IAM_EXAMPLES: { readonly [name: string]: string } = {
  'polling source': policyOf({ sources: [source] }),
  sink: policyOf({ sinks: [sink] }),
};

function policyOf(connectors: object): string {
  const file = { pulsar: { serviceUrl: 'memory://' }, aws: { region: 'eu-west-1' }, ...connectors };
  const config = loadConfigObject(file, 'connectors.yaml', { env: {} });
  const [own] = policiesOf(permissionsOf(config, { account: '123456789012' }));
  return JSON.stringify(own?.documents[0], null, 2);
}
