import type { AnyCommand } from './command';
import type { BrokerAddress, ConsumerEndpoint, ProducerEndpoint } from './endpoint';
import { serverError } from './protocol-error';

/** Who stands on a connection, by their ids. */
export interface Standing {
  readonly address: BrokerAddress;
  readonly producers: Map<number, ProducerEndpoint>;
  readonly consumers: Map<number, ConsumerEndpoint>;
}

/** Hands `command` to the producer or consumer it is about. @returns whether it is about one. */
export function routeCommand(command: AnyCommand, { address, producers, consumers }: Standing): boolean {
  switch (command.name) {
    case 'activeConsumerChange':
      consumers.get(command.body.consumerId)?.activeChanged(command.body.isActive);
      return true;
    case 'sendError': {
      const { producerId, sequenceId, error, message } = command.body;
      producers.get(producerId)?.sendError(serverError(error, message), sequenceId);
      return true;
    }
    case 'closeProducer': {
      const producer = producers.get(command.body.producerId);
      producers.delete(command.body.producerId);
      producer?.closedByBroker();
      return true;
    }
    case 'closeConsumer': {
      const consumer = consumers.get(command.body.consumerId);
      consumers.delete(command.body.consumerId);
      consumer?.closedByBroker();
      return true;
    }
    case 'topicMigrated': {
      const { resourceId, resourceType, brokerServiceUrl, brokerServiceUrlTls } = command.body;
      const url = address.tls ? brokerServiceUrlTls : brokerServiceUrl;
      if (url) {
        (resourceType === 0 ? producers : consumers).get(resourceId)?.migrated(url);
      }
      return true;
    }
    default:
      return false;
  }
}
