/** Every line that `doctor` can print, and the question behind it. docs/doctor.md tells what to do about each. */
export const CATALOGUE = {
  'config.file': 'can the configuration be used',
  'config.notice': 'does an option do less than it seems to',
  'config.own-connector': 'is it a connector that doctor knows',

  'endpoint.reach': 'does the address resolve, connect and prove who it is',
  'endpoint.clock': 'does the clock here agree with that of the service',

  'credentials.identity': 'who are we for AWS',
  permission: 'may the identity in use do what the connector does',

  'stream.find': 'which streams do the patterns match',
  'stream.state': 'can the stream be used',
  'stream.shards': 'do the shards cover the whole stream',
  'stream.read': 'can a record be read, and decrypted',
  'stream.lag': 'how near are the checkpoints to what Kinesis still keeps',
  'stream.consumer': 'can the fan-out consumer be used',
  'sink.capacity': 'what may the sink write',

  'table.state': 'is the lease table there, and in the shape of one',
  'table.rows': 'whose rows are in it',
  'table.owners': 'which workers hold leases now',
  'table.fleet-3x': 'does a KCL 3.x fleet in 3X mode work on it',
  'table.failover': 'after which time are the shards of a dead worker read again',

  'pulsar.login': 'does the cluster answer, and accept who we are',
  'topic.find': 'is the topic there',
  'topic.producer': 'can a producer be opened',
  'topic.schema': 'does the topic take the schema of the messages',
  'topic.deduplication': 'does the topic drop copies, as EFFECTIVELY_ONCE needs',
  'topic.subscription': 'does the subscription fit',
  'topic.dead-letters': 'is there a place for what cannot be stored',
} as const;

export type CheckId = keyof typeof CATALOGUE;
