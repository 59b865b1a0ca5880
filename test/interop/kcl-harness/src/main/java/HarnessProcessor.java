import java.util.Base64;
import software.amazon.kinesis.exceptions.InvalidStateException;
import software.amazon.kinesis.exceptions.ShutdownException;
import software.amazon.kinesis.lifecycle.events.InitializationInput;
import software.amazon.kinesis.lifecycle.events.LeaseLostInput;
import software.amazon.kinesis.lifecycle.events.ProcessRecordsInput;
import software.amazon.kinesis.lifecycle.events.ShardEndedInput;
import software.amazon.kinesis.lifecycle.events.ShutdownRequestedInput;
import software.amazon.kinesis.processor.RecordProcessorCheckpointer;
import software.amazon.kinesis.processor.ShardRecordProcessor;
import software.amazon.kinesis.retrieval.KinesisClientRecord;

/** Prints what it is given, and checkpoints each `checkpoint-records` records or `checkpoint-ms`. */
final class HarnessProcessor implements ShardRecordProcessor {
    private final HarnessOptions options;
    private final String stream;
    private final long every;
    private final long interval;
    private String shard;
    private long sinceCheckpoint;
    private long checkpointedAt = System.currentTimeMillis();

    HarnessProcessor(HarnessOptions options, String stream) {
        this.options = options;
        this.stream = stream;
        every = options.number("checkpoint-records", 100);
        interval = options.number("checkpoint-ms", Long.MAX_VALUE);
    }

    @Override
    public void initialize(InitializationInput input) {
        shard = input.shardId();
        HarnessLines.say(event("initialized")
                + place(
                        input.extendedSequenceNumber().sequenceNumber(),
                        input.extendedSequenceNumber().subSequenceNumber()));
    }

    @Override
    public void processRecords(ProcessRecordsInput input) {
        for (KinesisClientRecord record : input.records()) {
            byte[] data = new byte[record.data().remaining()];
            record.data().get(data);
            HarnessLines.write(event("record")
                    + place(record.sequenceNumber(), record.subSequenceNumber())
                    + HarnessLines.text("key", record.partitionKey())
                    + HarnessLines.text("hashKey", record.explicitHashKey())
                    + HarnessLines.text("data", Base64.getEncoder().encodeToString(data)));
            sinceCheckpoint++;
            if (sinceCheckpoint >= every || System.currentTimeMillis() - checkpointedAt >= interval) {
                checkpoint(input.checkpointer(), record);
            }
        }
        HarnessLines.flush();
    }

    @Override
    public void leaseLost(LeaseLostInput input) {
        HarnessLines.say(event("leaseLost"));
    }

    @Override
    public void shardEnded(ShardEndedInput input) {
        checkpoint(input.checkpointer(), null);
        HarnessLines.say(event("shardEnded"));
    }

    @Override
    public void shutdownRequested(ShutdownRequestedInput input) {
        if (!options.has("leave-unsaved")) {
            checkpoint(input.checkpointer(), null);
        }
        HarnessLines.say(event("shutdownRequested"));
    }

    /** @param record the last one that is done; null for everything that was given */
    private void checkpoint(RecordProcessorCheckpointer checkpointer, KinesisClientRecord record) {
        HarnessLines.flush();
        try {
            if (record == null) {
                checkpointer.checkpoint();
                HarnessLines.say(event("checkpointed"));
            } else {
                checkpointer.checkpoint(record.sequenceNumber(), record.subSequenceNumber());
                HarnessLines.say(event("checkpointed") + place(record.sequenceNumber(), record.subSequenceNumber()));
            }
            sinceCheckpoint = 0;
            checkpointedAt = System.currentTimeMillis();
        } catch (ShutdownException | InvalidStateException error) {
            HarnessLines.say(event("notCheckpointed")
                    + HarnessLines.text("why", error.getClass().getSimpleName()));
        }
    }

    private String event(String name) {
        return HarnessLines.event(name) + HarnessLines.text("stream", stream) + HarnessLines.text("shard", shard);
    }

    private static String place(String sequence, long subSequence) {
        return HarnessLines.text("sequence", sequence) + HarnessLines.number("subSequence", subSequence);
    }
}
