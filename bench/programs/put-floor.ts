import { Agent, request } from 'node:http';
import { encodePutRecords } from '../../src/aws/put-records-codec';
import { writeOn } from './writer';
import { requestsOf, STREAM } from './writer-settings';

/** The least that writing can cost in Node: ready bodies into the socket, the answer out of it; nothing else. */
void writeOn((settings) => {
  const agent = new Agent({ keepAlive: true, maxSockets: settings.inFlight });
  const bodies = requestsOf(settings).map((entries) => encodePutRecords({ name: STREAM }, entries));
  return (turn) =>
    new Promise((resolve, reject) => {
      const body = bodies[turn % bodies.length] as Buffer;
      const call = request(settings.kinesis, {
        method: 'POST',
        agent,
        headers: {
          'x-amz-target': 'Kinesis_20131202.PutRecords',
          'content-type': 'application/x-amz-json-1.1',
          'content-length': body.length,
        },
      });
      call.on('error', reject);
      call.on('response', (response) => {
        response.on('error', reject);
        response.on('end', () => resolve(settings.entries));
        response.resume();
      });
      call.end(body);
    });
});
