"""Pulsar's Python client as `npm run interop:python` runs it; see PulsarHarness.java, whose lines it writes."""

import base64
import json
import sys

import pulsar
from pulsar.schema import AvroSchema, BytesSchema, Integer, JsonSchema, Record, String, StringSchema

SILENCE_MS = 10_000


class Flight(Record):
    number = Integer(required=True)
    origin = String()


SCHEMAS = {
    "BYTES": BytesSchema(),
    "STRING": StringSchema(),
    "JSON": JsonSchema(Flight),
    "AVRO": AvroSchema(Flight),
}


def say(line):
    print(json.dumps(line), flush=True)


def value_of(kind, message):
    if kind in ("JSON", "AVRO"):
        return Flight(**message["fields"])
    data = base64.b64decode(message["value"])
    return data.decode() if kind == "STRING" else data


def write(client, case):
    kind = case["schema"]
    batching = case["batching"]
    key_based = batching == "key-based"
    producer = client.create_producer(
        case["topic"],
        schema=SCHEMAS[kind],
        compression_type=getattr(pulsar.CompressionType, case["compression"].replace("ZLIB", "ZLib")),
        batching_enabled=batching != "none",
        batching_type=pulsar.BatchingType.KeyBased if key_based else pulsar.BatchingType.Default,
        batching_max_publish_delay_ms=60_000,
        chunking_enabled=case["chunked"],
    )
    results = []
    for message in case["messages"]:
        producer.send_async(
            value_of(kind, message),
            lambda result, _id: results.append(result),
            properties=message["properties"],
            partition_key=message.get("key"),
            ordering_key=message.get("orderingKey"),
            event_timestamp=message.get("eventTime"),
        )
    producer.flush()
    producer.close()
    refused = [str(result) for result in results if result != pulsar.Result.Ok]
    if refused or len(results) != len(case["messages"]):
        raise RuntimeError(f"{len(results)} answered, refused: {refused}")


def fields_of(value):
    if isinstance(value, Flight):
        return {"number": value.number, "origin": value.origin}
    return value if isinstance(value, str) else None


def read(client, case):
    consumer = client.subscribe(
        case["topic"],
        "harness",
        schema=SCHEMAS[case["schema"]],
        initial_position=pulsar.InitialPosition.Earliest,
    )
    for _ in case["messages"]:
        message = consumer.receive(SILENCE_MS)
        message_id = message.message_id()
        say(
            {
                "topic": case["topic"],
                "entry": f"{message_id.ledger_id()}:{message_id.entry_id()}",
                "batched": message_id.batch_index() >= 0,
                "key": message.partition_key() or None,
                "orderingKey": message.ordering_key() or None,
                "eventTime": message.event_timestamp(),
                "properties": message.properties(),
                "value": base64.b64encode(message.data()).decode(),
                "fields": fields_of(message.value()),
            }
        )
    consumer.close()


def main(direction, plan_file):
    with open(plan_file, encoding="utf-8") as file:
        plan = json.load(file)
    client = pulsar.Client(plan["serviceUrl"], logger=pulsar.ConsoleLogger(pulsar.LoggerLevel.Error))
    for case in plan["cases"]:
        try:
            write(client, case) if direction == "write" else read(client, case)
        except Exception as error:
            say({"topic": case["topic"], "error": f"{type(error).__name__}: {error}"})
    client.close()


main(*sys.argv[1:])
