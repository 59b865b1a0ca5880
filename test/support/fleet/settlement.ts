import { workerOf } from './claims';
import type { FleetPlan } from './fleet-plan';
import type { FleetWorld } from './fleet-world';
import { shortName } from './history';

/** What a fleet left alone has not come to yet; undefined when nothing is left. */
export function unsettled(plan: FleetPlan, world: FleetWorld): string | undefined {
  return world.records.complete
    ? (unevenlyHeld(world) ?? leftBehind(plan, world))
    : 'something is not delivered';
}

/** Whether every shard of every stream is finished or held by a worker that runs, evenly. */
function unevenlyHeld({ streams, running, records, leases }: FleetWorld): string | undefined {
  streams.look();
  const shares = new Map(running.map(({ name }) => [name, 0]));
  for (const [shardId] of records.shards) {
    const row = leases.rows.get(shardId);
    const finished = row?.checkpoint.sequenceNumber === 'SHARD_END';
    if (streams.isClosed(shardId) ? finished || row === undefined : false) {
      continue;
    }
    const owner = row?.owner === undefined ? 'nobody' : workerOf(row.owner);
    const share = shares.get(owner);
    if (share === undefined) {
      return `${shortName(shardId)} is held by ${owner}`;
    }
    shares.set(owner, share + 1);
  }
  const counts = [...shares.values()];
  const spread = Math.max(...counts) - Math.min(...counts);
  return spread > 1 ? `the shards are shared out unevenly: ${counts.join()}` : undefined;
}

/** Whether checkpoints have passed what no worker delivers. */
function leftBehind(
  { frames, subRecordFilter, retention }: FleetPlan,
  { records, leases }: FleetWorld,
): string | undefined {
  if (frames === 0 || subRecordFilter === 'keep' || retention !== undefined) {
    return undefined;
  }
  const row = [...leases.rows.values()].find(
    ({ shardId, checkpoint }) => records.placeOf(shardId, checkpoint) < records.lastPlace(shardId),
  );
  return row && `the checkpoint of ${shortName(row.shardId)} is left behind`;
}
