"""Sends for ever, as fast as the broker confirms, with the key and the properties that every record has."""

import json
import sys

import pulsar

settings = json.loads(sys.argv[1])
client = pulsar.Client(settings["serviceUrl"], logger=pulsar.ConsoleLogger(pulsar.LoggerLevel.Error))
producer = client.create_producer(
    settings["topic"],
    batching_enabled=settings["batching"],
    batching_max_messages=settings["batchMessages"],
    batching_max_allowed_size_in_bytes=settings["batchBytes"],
    batching_max_publish_delay_ms=settings["batchMs"],
    max_pending_messages=settings["pendingMessages"],
    block_if_queue_full=True,
)
value = bytes([7]) * settings["messageBytes"]


def message(i):
    key = f"customer-{i % 1000}"
    return key, {
        "kinesis.arrival.timestamp": str(1_700_000_000_000 + i),
        "kinesis.encryption.type": "NONE",
        "kinesis.partition.key": key,
        "kinesis.sequence.number": f"4959033827149025660855969253836157{i:022}",
    }


def confirmed(result, _message_id):
    if result != pulsar.Result.Ok:
        sys.exit(f"refused: {result}")


messages = [message(i) for i in range(16_384)]
i = 0
while True:
    key, properties = messages[i % 16_384]
    producer.send_async(value, confirmed, properties=properties, partition_key=key, event_timestamp=1_700_000_000_000 + i)
    i += 1
