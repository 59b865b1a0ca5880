import com.fasterxml.jackson.databind.JsonNode;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.apache.pulsar.client.api.BatcherBuilder;
import org.apache.pulsar.client.api.CompressionType;
import org.apache.pulsar.client.api.Producer;
import org.apache.pulsar.client.api.ProducerBuilder;
import org.apache.pulsar.client.api.PulsarClient;
import org.apache.pulsar.client.api.Schema;
import org.apache.pulsar.client.api.TypedMessageBuilder;
import org.apache.pulsar.common.schema.KeyValue;

/** Sends the messages of one case; schemas make the bytes of their values. */
final class MessageWriter {
    private MessageWriter() {}

    @SuppressWarnings("unchecked")
    static void write(PulsarClient client, JsonNode test) throws Exception {
        String kind = test.get("schema").asText();
        Schema<Object> schema = (Schema<Object>) PulsarHarness.schema(kind);
        boolean chunked = test.get("chunked").asBoolean();
        String batching = test.get("batching").asText();
        ProducerBuilder<Object> builder = client.newProducer(schema)
                .topic(test.get("topic").asText())
                .compressionType(CompressionType.valueOf(test.get("compression").asText()))
                .enableBatching(!batching.equals("none"))
                .enableChunking(chunked)
                .batchingMaxPublishDelay(1, TimeUnit.MINUTES)
                .batcherBuilder(batching.equals("key-based") ? BatcherBuilder.KEY_BASED : BatcherBuilder.DEFAULT);
        List<CompletableFuture<?>> sent = new ArrayList<>();
        try (Producer<Object> producer = builder.create()) {
            for (JsonNode message : test.get("messages")) {
                sent.add(filled(producer.newMessage(), message, kind.endsWith("SEPARATED"))
                        .value(value(kind, message))
                        .sendAsync());
            }
            producer.flush();
            for (CompletableFuture<?> one : sent) {
                one.get();
            }
        }
    }

    private static TypedMessageBuilder<Object> filled(TypedMessageBuilder<Object> to, JsonNode from, boolean separated) {
        // That of a separated KEY_VALUE is in its value.
        if (from.has("key") && !separated) {
            String key = from.get("key").asText();
            if (from.path("keyIsBase64").asBoolean()) {
                to.keyBytes(Base64.getDecoder().decode(key));
            } else {
                to.key(key);
            }
        }
        if (from.has("orderingKey")) {
            to.orderingKey(from.get("orderingKey").asText().getBytes(StandardCharsets.UTF_8));
        }
        if (from.has("eventTime")) {
            to.eventTime(from.get("eventTime").asLong());
        }
        from.get("properties").fields().forEachRemaining(one -> to.property(one.getKey(), one.getValue().asText()));
        return to;
    }

    private static Object value(String kind, JsonNode message) {
        byte[] bytes = message.has("value") ? Base64.getDecoder().decode(message.get("value").asText()) : null;
        return switch (kind) {
            case "BYTES" -> bytes;
            case "STRING" -> new String(bytes, StandardCharsets.UTF_8);
            case "JSON", "AVRO" -> flight(message);
            default -> new KeyValue<>(message.get("fields").get("origin").asText(), flight(message));
        };
    }

    private static Flight flight(JsonNode message) {
        Flight flight = new Flight();
        flight.setNumber(message.get("fields").get("number").asInt());
        flight.setOrigin(message.get("fields").get("origin").asText());
        return flight;
    }
}
