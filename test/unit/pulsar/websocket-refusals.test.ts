import { handshakeRefusal, sendRefusal } from '../../../src/pulsar/websocket-refusals';

const broker = (text: string): string =>
  `Failed to create producer/consumer: {&quot;errorMsg&quot;:&quot;${text}&quot;,&quot;reqId&quot;:1, &quot;remote&quot;:&quot;b&quot;}`;
const exception = (name: string, text: string): string =>
  broker(`org.apache.pulsar.broker.service.BrokerServiceException$${name}: ${text}`);
const page = (status: number, text: string): string =>
  `<html><head><title>Error ${status} ${text}</title></head><body><table><tr><th>MESSAGE:</th><td>${text}</td></tr>
<tr><th>SERVLET:</th><td>WebSocketProducerServlet</td></tr></table></body></html>`;

describe('a handshake that is refused', () => {
  // Texts of a broker 4.0.8.
  test.each([
    [
      'producer',
      409,
      exception('NamingException', "Producer with name 'me' is already connected to topic"),
      'PULSAR_BUSY',
    ],
    ['producer', 409, broker('Topic has an existing exclusive producer: x'), 'PULSAR_PRODUCER_FENCED'],
    [
      'producer',
      409,
      exception('IncompatibleSchemaException', 'Producer has no schema'),
      'PULSAR_SCHEMA_REFUSED',
    ],
    ['producer', 409, broker('Topic reached max producers limit'), 'PULSAR_PRODUCER_LIMIT'],
    ['producer', 409, broker('something new'), 'PULSAR_BUSY'],
    ['consumer', 409, broker('Exclusive consumer is already connected'), 'PULSAR_CONSUMER_BUSY'],
    ['consumer', 409, broker('Topic reached max consumers limit'), 'PULSAR_CONSUMER_BUSY'],
    ['consumer', 409, broker('something new'), 'PULSAR_CONSUMER_BUSY'],
    ['consumer', 409, broker('Subscription is of different type. Active …'), 'PULSAR_SUBSCRIPTION_MISMATCH'],
    [
      'producer',
      503,
      exception('TopicTerminatedException', 'Topic was already terminated'),
      'PULSAR_TOPIC_TERMINATED',
    ],
    [
      'producer',
      503,
      exception('TopicBacklogQuotaExceededException', 'Cannot create producer'),
      'PULSAR_BACKLOG_QUOTA',
    ],
    ['producer', 503, 'Service Unavailable', 'PULSAR_UNAVAILABLE'],
    ['producer', 504, 'Gateway Timeout', 'PULSAR_UNAVAILABLE'],
    ['producer', 429, 'Too many', 'PULSAR_UNAVAILABLE'],
    ['producer', 404, broker('Namespace not found'), 'PULSAR_TOPIC_NOT_FOUND'],
    ['producer', 404, broker(''), 'PULSAR_TOPIC_NOT_FOUND'],
    ['producer', 404, 'Not Found', 'PULSAR_UNKNOWN'],
    ['producer', 401, 'Authentication required', 'PULSAR_AUTHENTICATION'],
    ['consumer', 403, 'Not authorized', 'PULSAR_AUTHORIZATION'],
    ['consumer', 400, 'Invalid query params: Invalid subscriptionType Foo', 'PULSAR_UNKNOWN'],
    ['producer', 500, 'something else', 'PULSAR_UNKNOWN'],
  ] as const)('as a %s with %i, %s, is %s', (kind, status, text, code) => {
    const error = handshakeRefusal(kind, status, page(status, text));
    expect(error.code).toBe(code);
    expect(error.message).not.toMatch(/[<>]|&quot;/);
  });

  test('says what the broker said, and nothing around it', () => {
    const text = exception('TopicTerminatedException', 'Topic was already terminated');
    expect(handshakeRefusal('producer', 503, page(503, text)).message).toBe(
      'the producer was refused with status 503: Topic was already terminated',
    );
  });

  test('by a web server that has no such service names what to look at', () => {
    expect(handshakeRefusal('producer', 404, page(404, 'Not Found')).hint).toContain(
      'webSocketServiceEnabled',
    );
  });
});

describe('a message that is refused', () => {
  const client = (name: string): string =>
    `org.apache.pulsar.client.api.PulsarClientException$${name}: {"errorMsg":"x","reqId":1}`;

  test.each([
    [client('TopicTerminatedException'), 'PULSAR_TOPIC_TERMINATED'],
    [client('ProducerBlockedQuotaExceededException'), 'PULSAR_BACKLOG_QUOTA'],
    [client('ProducerFencedException'), 'PULSAR_PRODUCER_FENCED'],
    [client('TimeoutException'), 'PULSAR_SEND_TIMEOUT'],
    [client('AlreadyClosedException'), 'PULSAR_SEND_FAILED'],
    [
      'The producer x of the topic y can not send a message with the message size 9',
      'PULSAR_MESSAGE_TOO_LARGE',
    ],
    [client('NotAllowedException'), 'PULSAR_NOT_ALLOWED'],
    ['', 'PULSAR_UNKNOWN'],
  ] as const)('with %s is %s', (text, code) => {
    expect(sendRefusal('send-error:8', text).code).toBe(code);
  });
});
