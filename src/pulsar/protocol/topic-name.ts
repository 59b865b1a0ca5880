import { ProtocolError } from './protocol-error';

const FULL = /^(persistent|non-persistent):\/\/[^/]+\/[^/]+\/.+$/;

/**
 * The full name of a topic: `a` is `persistent://public/default/a`, `t/n/a` is `persistent://t/n/a`.
 * Source: Pulsar `TopicName`.
 * @throws ProtocolError invalid-topic
 */
export function fullTopicName(topic: string): string {
  if (topic.includes('://')) {
    if (!FULL.test(topic)) {
      throw new ProtocolError('invalid-topic', `'${topic}' is not <domain>://<tenant>/<namespace>/<topic>`);
    }
    return topic;
  }
  const parts = topic.split('/');
  if (parts.some((part) => part === '') || (parts.length !== 1 && parts.length !== 3)) {
    throw new ProtocolError(
      'invalid-topic',
      `'${topic}' is neither <topic> nor <tenant>/<namespace>/<topic>`,
    );
  }
  return parts.length === 1 ? `persistent://public/default/${topic}` : `persistent://${topic}`;
}

/** As a path of REST and of WebSocket: `persistent://t/n/a` is `persistent/t/n/a`. */
export function topicPath(topic: string): string {
  const [domain = '', rest = ''] = fullTopicName(topic).split('://');
  const [tenant = '', namespace = '', ...local] = rest.split('/');
  return [domain, tenant, namespace, local.join('/')].map(encodeURIComponent).join('/');
}

/** The topic that partition `index` of `topic` is. Source: Pulsar `TopicName.getPartition`. */
export function partitionName(topic: string, index: number): string {
  return `${topic}-partition-${index}`;
}

/** The topic that `topic` is a partition of, which has its policies; `topic` itself if it is none. */
export function baseTopicName(topic: string): string {
  return topic.replace(/-partition-\d+$/, '');
}
