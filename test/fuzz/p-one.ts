import { decodeCommand } from '../../src/pulsar/protocol/command';
import { ConnectionPool } from '../../src/pulsar/protocol/connection-pool';
import { SimulatedSocket } from '../support/sink-fleet/simulated-socket';
import { fuzzPulsar, newPulsarTally, pulsarReady } from './pulsar/pulsar';

void ConnectionPool;
const trace = process.env.TRACE === '1';
if (trace) {
  const emit = SimulatedSocket.prototype.emit;
  let n = 0;
  const names = new WeakMap<object, string>();
  SimulatedSocket.prototype.emit = function (this: SimulatedSocket, ev: string, ...args: unknown[]) {
    if (!names.has(this)) names.set(this, `s${n++}`);
    if (ev === 'data') {
      const b = args[0] as Buffer;
      let off = 0;
      const list: string[] = [];
      while (off + 8 <= b.length) {
        const total = b.readUInt32BE(off),
          cs = b.readUInt32BE(off + 4);
        let d = '?';
        try {
          const c = decodeCommand(b.subarray(off + 8, off + 8 + cs));
          d = c ? `${c.name} ${JSON.stringify(c.body)}` : 'unknown';
        } catch (e) {
          d = `ERR ${(e as Error).message}`;
        }
        list.push(`[${total},${cs}] ${d.slice(0, 160)}`);
        off += total + 4;
      }
      if (list.length === 0) list.push(b.toString('hex').slice(0, 60));
      console.log(names.get(this), 'data', b.length, list.join(' | '));
    } else console.log(names.get(this), ev);
    return emit.call(this, ev, ...args);
  } as never;
}
void (async () => {
  await pulsarReady();
  const t = newPulsarTally();
  try {
    await fuzzPulsar(Number(process.argv[2]), t);
    console.log('ok', t);
  } catch (e) {
    console.log((e as Error).stack);
  }
})();
