import { isConnectorError } from '../errors';
import { type Check, type Finding, ok, skipped } from './check';
import type { PulsarReach } from './pulsar-reach';

export const CLUSTER = 'pulsar';
export const LOGIN = 'pulsar login';

/** Whether the cluster lets us in, asked for the topics of a namespace. */
export function loginCheck(pulsar: PulsarReach, namespace: string, needs: readonly string[]): Check {
  const { authentication } = pulsar.settings;
  const who = authentication.type === 'none' ? 'without authentication' : `by ${authentication.type}`;
  return {
    key: LOGIN,
    id: 'pulsar.login',
    group: CLUSTER,
    title: 'log-in',
    needs,
    run: async (): Promise<Finding> => {
      if (!pulsar.isBinary) {
        return skipped('the WebSocket service is asked when a producer is opened');
      }
      try {
        const { length } = await pulsar.topics(namespace);
        return ok(`${who}; ${namespace} has ${length} topics`);
      } catch (error) {
        if (isConnectorError(error, 'PULSAR_AUTHORIZATION', 'PULSAR_NOT_ALLOWED')) {
          return ok(`${who}; the topics of ${namespace} are not for this role to list`);
        }
        throw error;
      }
    },
  };
}
