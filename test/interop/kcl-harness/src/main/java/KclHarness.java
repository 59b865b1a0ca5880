import java.io.BufferedOutputStream;
import java.io.PrintStream;
import java.lang.reflect.Field;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Date;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.awscore.client.builder.AwsAsyncClientBuilder;
import software.amazon.awssdk.awscore.client.builder.AwsClientBuilder;
import software.amazon.awssdk.http.Protocol;
import software.amazon.awssdk.http.nio.netty.NettyNioAsyncHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.cloudwatch.CloudWatchAsyncClient;
import software.amazon.awssdk.services.dynamodb.DynamoDbAsyncClient;
import software.amazon.awssdk.services.kinesis.KinesisAsyncClient;
import software.amazon.kinesis.common.ConfigsBuilder;
import software.amazon.kinesis.common.InitialPositionInStream;
import software.amazon.kinesis.common.InitialPositionInStreamExtended;
import software.amazon.kinesis.common.LeaseCleanupConfig;
import software.amazon.kinesis.common.StreamIdentifier;
import software.amazon.kinesis.coordinator.CoordinatorConfig;
import software.amazon.kinesis.coordinator.Scheduler;
import software.amazon.kinesis.coordinator.WorkerStateChangeListener;
import software.amazon.kinesis.exceptions.InvalidStateException;
import software.amazon.kinesis.exceptions.ShutdownException;
import software.amazon.kinesis.leases.LeaseManagementConfig;
import software.amazon.kinesis.lifecycle.events.InitializationInput;
import software.amazon.kinesis.lifecycle.events.LeaseLostInput;
import software.amazon.kinesis.lifecycle.events.ProcessRecordsInput;
import software.amazon.kinesis.lifecycle.events.ShardEndedInput;
import software.amazon.kinesis.lifecycle.events.ShutdownRequestedInput;
import software.amazon.kinesis.metrics.MetricsLevel;
import software.amazon.kinesis.processor.RecordProcessorCheckpointer;
import software.amazon.kinesis.processor.ShardRecordProcessor;
import software.amazon.kinesis.processor.SingleStreamTracker;
import software.amazon.kinesis.retrieval.KinesisClientRecord;
import software.amazon.kinesis.retrieval.polling.PollingConfig;

/**
 * One worker of the Kinesis Client Library over HTTP/1.1. Every record and every event of a lease is one JSON line on
 * standard output; SIGTERM ends it by the library's graceful shutdown. Options: --name value, times in milliseconds.
 */
public final class KclHarness {
    private static final PrintStream OUT =
            new PrintStream(new BufferedOutputStream(System.out, 1 << 16), false, StandardCharsets.UTF_8);

    private final Map<String, String> options = new HashMap<>();

    private KclHarness(String[] args) {
        for (int i = 0; i + 1 < args.length; i += 2) {
            options.put(args[i].substring(2), args[i + 1]);
        }
    }

    public static void main(String[] args) throws Exception {
        new KclHarness(args).run();
    }

    private String text(String name) {
        String value = options.get(name);
        if (value == null) {
            throw new IllegalArgumentException("--" + name + " is missing");
        }
        return value;
    }

    private long number(String name, long otherwise) {
        return options.containsKey(name) ? Long.parseLong(options.get(name)) : otherwise;
    }

    private void run() throws Exception {
        String stream = text("stream");
        KinesisAsyncClient kinesis = client(KinesisAsyncClient.builder(), text("kinesis"));
        ConfigsBuilder configs = new ConfigsBuilder(
                new SingleStreamTracker(
                        StreamIdentifier.singleStreamInstance(stream),
                        position()),
                text("application"),
                kinesis,
                client(DynamoDbAsyncClient.builder(), text("dynamodb")),
                client(CloudWatchAsyncClient.builder(), text("dynamodb")),
                text("worker"),
                Processor::new);
        Scheduler scheduler = new Scheduler(
                configs.checkpointConfig(),
                coordinator(configs),
                leases(configs),
                configs.lifecycleConfig(),
                configs.metricsConfig().metricsLevel(MetricsLevel.NONE),
                configs.processorConfig(),
                configs.retrievalConfig()
                        .retrievalSpecificConfig(new PollingConfig(stream, kinesis)
                                .maxRecords((int) number("max-records", 1000))
                                .idleTimeBetweenReadsInMillis(number("idle", 250))));
        Thread worker = new Thread(scheduler, "scheduler");
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            try {
                scheduler.startGracefulShutdown().get(20, TimeUnit.SECONDS);
                worker.join(5_000);
                say(event("stopped", null));
            } catch (Exception error) {
                error.printStackTrace();
            }
        }));
        worker.start();
        worker.join();
    }

    private InitialPositionInStreamExtended position() {
        if (options.containsKey("timestamp")) {
            return InitialPositionInStreamExtended.newInitialPositionAtTimestamp(new Date(number("timestamp", 0)));
        }
        return InitialPositionInStreamExtended.newInitialPosition(
                InitialPositionInStream.valueOf(options.getOrDefault("position", "TRIM_HORIZON")));
    }

    private CoordinatorConfig coordinator(ConfigsBuilder configs) throws ReflectiveOperationException {
        CoordinatorConfig config = configs.coordinatorConfig()
                .parentShardPollIntervalMillis(number("parent-poll", 1_000))
                .shardConsumerDispatchPollIntervalMillis(200)
                .workerStateChangeListener(new WorkerStateChangeListener() {
                    @Override
                    public void onWorkerStateChange(WorkerState state) {
                        say(event("worker", null) + ",\"state\":\"" + state + "\"");
                    }

                    @Override
                    public void onAllInitializationAttemptsFailed(Throwable error) {
                        error.printStackTrace();
                    }
                });
        // Of 3.x only: this source is compiled against 2.x as well.
        if (options.containsKey("client-version")) {
            Class<?> type = Class.forName(CoordinatorConfig.class.getName() + "$ClientVersionConfig");
            Object version = type.getMethod("valueOf", String.class)
                    .invoke(null, "CLIENT_VERSION_CONFIG_" + text("client-version"));
            CoordinatorConfig.class.getMethod("clientVersionConfig", type).invoke(config, version);
        }
        return config;
    }

    private LeaseManagementConfig leases(ConfigsBuilder configs) throws ReflectiveOperationException {
        LeaseManagementConfig config = configs.leaseManagementConfig()
                .failoverTimeMillis(number("failover", 10_000))
                .shardSyncIntervalMillis(number("shard-sync", 500));
        if (options.containsKey("cleanup")) {
            long interval = number("cleanup", 0);
            // The library takes no other than its default of minutes.
            Field cleanup = LeaseManagementConfig.class.getDeclaredField("leaseCleanupConfig");
            cleanup.setAccessible(true);
            cleanup.set(config, LeaseCleanupConfig.builder()
                    .leaseCleanupIntervalMillis(interval)
                    .completedLeaseCleanupIntervalMillis(interval)
                    .garbageLeaseCleanupIntervalMillis(interval)
                    .build());
        }
        if (options.containsKey("client-version")) {
            // Without it the worker asks the metadata service of a machine at AWS.
            Object workers = LeaseManagementConfig.class
                    .getMethod("workerUtilizationAwareAssignmentConfig")
                    .invoke(config);
            workers.getClass().getMethod("disableWorkerMetrics", boolean.class).invoke(workers, true);
            LeaseManagementConfig.class
                    .getMethod("dynamoDbLockBasedLeaderLeaseDurationInMillis", long.class)
                    .invoke(config, number("leader-lease", 120_000));
            LeaseManagementConfig.class
                    .getMethod("dynamoDbLockBasedLeaderHeartbeatPeriodInMillis", long.class)
                    .invoke(config, number("leader-heartbeat", 30_000));
        }
        return config;
    }

    private static <C, B extends AwsClientBuilder<B, C> & AwsAsyncClientBuilder<B, C>>
            C client(B builder, String endpoint) {
        return builder.region(Region.US_EAST_1)
                .endpointOverride(URI.create(endpoint))
                .credentialsProvider(StaticCredentialsProvider.create(AwsBasicCredentials.create("test", "test")))
                .httpClientBuilder(NettyNioAsyncHttpClient.builder().protocol(Protocol.HTTP1_1))
                .build();
    }

    private static String event(String name, String shard) {
        return "{\"event\":\"" + name + "\"" + (shard == null ? "" : ",\"shard\":\"" + shard + "\"");
    }

    private static void write(String line) {
        synchronized (OUT) {
            OUT.print(line + "}\n");
        }
    }

    private static void say(String line) {
        write(line);
        OUT.flush();
    }

    /** Prints what it is given, and checkpoints each `checkpoint-records` records or `checkpoint-ms`. */
    private final class Processor implements ShardRecordProcessor {
        private final long every = number("checkpoint-records", 100);
        private final long interval = number("checkpoint-ms", Long.MAX_VALUE);
        private String shard;
        private long sinceCheckpoint;
        private long checkpointedAt = System.currentTimeMillis();

        @Override
        public void initialize(InitializationInput input) {
            shard = input.shardId();
            say(event("initialized", shard) + place(
                    input.extendedSequenceNumber().sequenceNumber(),
                    input.extendedSequenceNumber().subSequenceNumber()));
        }

        @Override
        public void processRecords(ProcessRecordsInput input) {
            for (KinesisClientRecord record : input.records()) {
                byte[] data = new byte[record.data().remaining()];
                record.data().get(data);
                write(event("record", shard)
                        + place(record.sequenceNumber(), record.subSequenceNumber())
                        + ",\"key\":\"" + record.partitionKey().replace("\\", "\\\\").replace("\"", "\\\"")
                        + "\",\"data\":\"" + Base64.getEncoder().encodeToString(data) + "\"");
                sinceCheckpoint++;
                if (sinceCheckpoint >= every || System.currentTimeMillis() - checkpointedAt >= interval) {
                    checkpoint(input.checkpointer(), record);
                }
            }
            OUT.flush();
        }

        @Override
        public void leaseLost(LeaseLostInput input) {
            say(event("leaseLost", shard));
        }

        @Override
        public void shardEnded(ShardEndedInput input) {
            checkpoint(input.checkpointer(), null);
            say(event("shardEnded", shard));
        }

        @Override
        public void shutdownRequested(ShutdownRequestedInput input) {
            if (!options.containsKey("leave-unsaved")) {
                checkpoint(input.checkpointer(), null);
            }
            say(event("shutdownRequested", shard));
        }

        /** @param record the last one that is done; null for everything that was given */
        private void checkpoint(RecordProcessorCheckpointer checkpointer, KinesisClientRecord record) {
            OUT.flush();
            try {
                if (record == null) {
                    checkpointer.checkpoint();
                    say(event("checkpointed", shard));
                } else {
                    checkpointer.checkpoint(record.sequenceNumber(), record.subSequenceNumber());
                    say(event("checkpointed", shard) + place(record.sequenceNumber(), record.subSequenceNumber()));
                }
                sinceCheckpoint = 0;
                checkpointedAt = System.currentTimeMillis();
            } catch (ShutdownException | InvalidStateException error) {
                say(event("notCheckpointed", shard) + ",\"why\":\"" + error.getClass().getSimpleName() + "\"");
            }
        }

        private String place(String sequence, long subSequence) {
            return ",\"sequence\":\"" + sequence + "\",\"subSequence\":" + subSequence;
        }
    }
}
