import { type SchemaNode, schemaDocument } from '../../../src/config/schema';
import { page } from '../../support/markdown';

/** Names that look like options and are none of ours: Pulsar's, the KCL's, AWS's, Kubernetes'. */
const OTHERS = new Set([
  'allowAutoTopicCreation',
  'brokerDeduplicationProducerInactivityTimeoutMinutes',
  'initContainers',
  'leaseOwner',
  'maxMessageSize',
  'maxSurge',
  'maxUnavailable',
  'partitionKey',
  'preStop',
  'restartPolicy',
  'startAt',
  'stopTimeout',
  'streamArn',
  'terminationGracePeriodSeconds',
]);

function namesIn(node: SchemaNode | undefined, names: Set<string>): Set<string> {
  for (const [name, child] of Object.entries({ ...node?.properties, ...node?.$defs })) {
    names.add(name);
    namesIn(child, names);
    if (typeof child.additionalProperties === 'object') {
      namesIn(child.additionalProperties, names);
    }
  }
  return names;
}

const options = new Set<string>();
for (const name of ['source', 'sink', 'connectors'] as const) {
  namesIn(schemaDocument(name), options);
}

test.each(['quick-start', 'guarantees', 'moving-from-java', 'running', 'troubleshooting', 'tuning'])(
  'every option that docs/%s.md names is one',
  (name) => {
    const named = [...page(`docs/${name}.md`).matchAll(/`(?:\w+\.)*([a-z]+[A-Z][A-Za-z]*)(?:: [^`]*)?`/g)];
    const unknown = named
      .map(([, option = '']) => option)
      .filter((it) => !options.has(it) && !OTHERS.has(it));
    expect([...new Set(unknown)]).toEqual([]);
    expect(named.length).toBeGreaterThan(0);
  },
);
