/**
 * The full name of a topic: `a` is `persistent://public/default/a`, `t/n/a` is `persistent://t/n/a`.
 * Source: Pulsar `TopicName`.
 * @param topic A valid name, see `topicName` in the schema.
 */
export function fullName(topic: string): string {
  if (topic.includes('://')) {
    return topic;
  }
  return topic.includes('/') ? `persistent://${topic}` : `persistent://public/default/${topic}`;
}
