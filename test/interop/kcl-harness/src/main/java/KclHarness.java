import java.lang.reflect.Field;
import java.net.URI;
import java.util.Arrays;
import java.util.Date;
import java.util.List;
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
import software.amazon.kinesis.common.StreamConfig;
import software.amazon.kinesis.common.StreamIdentifier;
import software.amazon.kinesis.coordinator.CoordinatorConfig;
import software.amazon.kinesis.coordinator.Scheduler;
import software.amazon.kinesis.coordinator.WorkerStateChangeListener;
import software.amazon.kinesis.leases.LeaseManagementConfig;
import software.amazon.kinesis.metrics.MetricsLevel;
import software.amazon.kinesis.processor.FormerStreamsLeasesDeletionStrategy;
import software.amazon.kinesis.processor.FormerStreamsLeasesDeletionStrategy.NoLeaseDeletionStrategy;
import software.amazon.kinesis.processor.MultiStreamTracker;
import software.amazon.kinesis.processor.ShardRecordProcessor;
import software.amazon.kinesis.processor.ShardRecordProcessorFactory;
import software.amazon.kinesis.processor.SingleStreamTracker;
import software.amazon.kinesis.processor.StreamTracker;
import software.amazon.kinesis.retrieval.RetrievalSpecificConfig;
import software.amazon.kinesis.retrieval.fanout.FanOutConfig;
import software.amazon.kinesis.retrieval.polling.PollingConfig;

/**
 * One worker of the Kinesis Client Library. Every record and every event of a lease is one JSON line on standard output;
 * SIGTERM ends it by the library's graceful shutdown. Options: --name value, times in milliseconds.
 */
public final class KclHarness {
    private final HarnessOptions options;

    private KclHarness(HarnessOptions options) {
        this.options = options;
    }

    public static void main(String[] args) throws Exception {
        new KclHarness(new HarnessOptions(args)).run();
    }

    private void run() throws Exception {
        Protocol protocol = Protocol.valueOf(options.text("http", "HTTP1_1"));
        KinesisAsyncClient kinesis = client(KinesisAsyncClient.builder(), options.text("kinesis"), protocol);
        String dynamodb = options.text("dynamodb");
        ConfigsBuilder configs = new ConfigsBuilder(
                tracker(),
                options.text("application"),
                kinesis,
                client(DynamoDbAsyncClient.builder(), dynamodb, Protocol.HTTP1_1),
                client(CloudWatchAsyncClient.builder(), dynamodb, Protocol.HTTP1_1),
                options.text("worker"),
                processors());
        Scheduler scheduler = new Scheduler(
                configs.checkpointConfig(),
                coordinator(configs),
                leases(configs),
                configs.lifecycleConfig(),
                configs.metricsConfig().metricsLevel(MetricsLevel.NONE),
                configs.processorConfig(),
                configs.retrievalConfig().retrievalSpecificConfig(retrieval(kinesis)));
        Thread worker = new Thread(scheduler, "scheduler");
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            try {
                scheduler.startGracefulShutdown().get(20, TimeUnit.SECONDS);
                worker.join(5_000);
                HarnessLines.say(HarnessLines.event("stopped"));
            } catch (Exception error) {
                error.printStackTrace();
            }
        }));
        worker.start();
        worker.join();
    }

    /** Options `stream`, a name; or `streams`, each as the library writes it, separated by commas. */
    private StreamTracker tracker() {
        if (!options.has("streams")) {
            return new SingleStreamTracker(
                    StreamIdentifier.singleStreamInstance(options.text("stream")), position());
        }
        List<StreamConfig> streams = Arrays.stream(options.text("streams").split(","))
                .map(stream -> new StreamConfig(StreamIdentifier.multiStreamInstance(stream), position()))
                .toList();
        return new MultiStreamTracker() {
            @Override
            public List<StreamConfig> streamConfigList() {
                return streams;
            }

            @Override
            public FormerStreamsLeasesDeletionStrategy formerStreamsLeasesDeletionStrategy() {
                return new NoLeaseDeletionStrategy();
            }
        };
    }

    private ShardRecordProcessorFactory processors() {
        return new ShardRecordProcessorFactory() {
            @Override
            public ShardRecordProcessor shardRecordProcessor() {
                throw new UnsupportedOperationException("the library names the stream");
            }

            @Override
            public ShardRecordProcessor shardRecordProcessor(StreamIdentifier stream) {
                return new HarnessProcessor(options, stream.streamName());
            }
        };
    }

    /** Polling, or with the option `consumer` enhanced fan-out by the consumer of that name. */
    private RetrievalSpecificConfig retrieval(KinesisAsyncClient kinesis) {
        if (options.has("consumer")) {
            FanOutConfig fanOut = new FanOutConfig(kinesis).applicationName(options.text("application"));
            return options.has("streams")
                    ? fanOut
                    : fanOut.streamName(options.text("stream")).consumerName(options.text("consumer"));
        }
        PollingConfig polling =
                options.has("streams") ? new PollingConfig(kinesis) : new PollingConfig(options.text("stream"), kinesis);
        return polling.maxRecords((int) options.number("max-records", 1000))
                .idleTimeBetweenReadsInMillis(options.number("idle", 250));
    }

    private InitialPositionInStreamExtended position() {
        if (options.has("timestamp")) {
            return InitialPositionInStreamExtended.newInitialPositionAtTimestamp(new Date(options.number("timestamp", 0)));
        }
        return InitialPositionInStreamExtended.newInitialPosition(
                InitialPositionInStream.valueOf(options.text("position", "TRIM_HORIZON")));
    }

    private CoordinatorConfig coordinator(ConfigsBuilder configs) throws ReflectiveOperationException {
        CoordinatorConfig config = configs.coordinatorConfig()
                .parentShardPollIntervalMillis(options.number("parent-poll", 1_000))
                .shardConsumerDispatchPollIntervalMillis(200)
                .workerStateChangeListener(new WorkerStateChangeListener() {
                    @Override
                    public void onWorkerStateChange(WorkerState state) {
                        HarnessLines.say(HarnessLines.event("worker") + HarnessLines.text("state", state.name()));
                    }

                    @Override
                    public void onAllInitializationAttemptsFailed(Throwable error) {
                        error.printStackTrace();
                    }
                });
        // Of 3.x only: this source is compiled against 2.x as well.
        if (options.has("client-version")) {
            Class<?> type = Class.forName(CoordinatorConfig.class.getName() + "$ClientVersionConfig");
            Object version = type.getMethod("valueOf", String.class)
                    .invoke(null, "CLIENT_VERSION_CONFIG_" + options.text("client-version"));
            CoordinatorConfig.class.getMethod("clientVersionConfig", type).invoke(config, version);
        }
        return config;
    }

    private LeaseManagementConfig leases(ConfigsBuilder configs) throws ReflectiveOperationException {
        LeaseManagementConfig config = configs.leaseManagementConfig()
                .failoverTimeMillis(options.number("failover", 10_000))
                .shardSyncIntervalMillis(options.number("shard-sync", 500));
        if (options.has("cleanup")) {
            long interval = options.number("cleanup", 0);
            // The library takes no other than its default of minutes.
            Field cleanup = LeaseManagementConfig.class.getDeclaredField("leaseCleanupConfig");
            cleanup.setAccessible(true);
            cleanup.set(config, LeaseCleanupConfig.builder()
                    .leaseCleanupIntervalMillis(interval)
                    .completedLeaseCleanupIntervalMillis(interval)
                    .garbageLeaseCleanupIntervalMillis(interval)
                    .build());
        }
        if (options.has("client-version")) {
            // Without it the worker asks the metadata service of a machine at AWS.
            Object workers = LeaseManagementConfig.class
                    .getMethod("workerUtilizationAwareAssignmentConfig")
                    .invoke(config);
            workers.getClass().getMethod("disableWorkerMetrics", boolean.class).invoke(workers, true);
            LeaseManagementConfig.class
                    .getMethod("dynamoDbLockBasedLeaderLeaseDurationInMillis", long.class)
                    .invoke(config, options.number("leader-lease", 120_000));
            LeaseManagementConfig.class
                    .getMethod("dynamoDbLockBasedLeaderHeartbeatPeriodInMillis", long.class)
                    .invoke(config, options.number("leader-heartbeat", 30_000));
        }
        return config;
    }

    private static <C, B extends AwsClientBuilder<B, C> & AwsAsyncClientBuilder<B, C>>
            C client(B builder, String endpoint, Protocol protocol) {
        return builder.region(Region.US_EAST_1)
                .endpointOverride(URI.create(endpoint))
                .credentialsProvider(StaticCredentialsProvider.create(AwsBasicCredentials.create("test", "test")))
                .httpClientBuilder(NettyNioAsyncHttpClient.builder().protocol(protocol))
                .build();
    }
}
