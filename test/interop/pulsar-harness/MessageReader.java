import com.fasterxml.jackson.databind.JsonNode;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.apache.pulsar.client.api.Consumer;
import org.apache.pulsar.client.api.Message;
import org.apache.pulsar.client.api.MessageIdAdv;
import org.apache.pulsar.client.api.PulsarClient;
import org.apache.pulsar.client.api.SubscriptionInitialPosition;
import org.apache.pulsar.common.schema.KeyValue;

/** Reads as many messages of one case as were sent, and tells all that each carries. */
final class MessageReader {
    private static final int SILENCE_SECONDS = 10;

    private MessageReader() {}

    static void read(PulsarClient client, JsonNode test) throws Exception {
        String topic = test.get("topic").asText();
        try (Consumer<?> consumer = client.newConsumer(PulsarHarness.schema(test.get("schema").asText()))
                .topic(topic)
                .subscriptionName("harness")
                .subscriptionInitialPosition(SubscriptionInitialPosition.Earliest)
                .subscribe()) {
            for (int i = 0; i < test.get("messages").size(); i++) {
                Message<?> message = consumer.receive(SILENCE_SECONDS, TimeUnit.SECONDS);
                if (message == null) {
                    return;
                }
                PulsarHarness.say(line(topic, message));
            }
        }
    }

    private static Map<String, Object> line(String topic, Message<?> message) {
        MessageIdAdv id = (MessageIdAdv) message.getMessageId();
        Map<String, Object> line = new LinkedHashMap<>();
        line.put("topic", topic);
        line.put("entry", id.getLedgerId() + ":" + id.getEntryId());
        line.put("batched", id.getBatchIndex() >= 0);
        line.put("chunked", id.getFirstChunkMessageId() != null);
        line.put("key", message.getKey());
        line.put("keyIsBase64", message.hasBase64EncodedKey());
        byte[] orderingKey = message.getOrderingKey();
        line.put("orderingKey", orderingKey == null ? null : new String(orderingKey, StandardCharsets.UTF_8));
        line.put("eventTime", message.getEventTime());
        line.put("properties", message.getProperties());
        line.put("value", message.size() == 0 && message.getValue() == null ? null : message.getData());
        line.put("fields", fields(message.getValue()));
        return line;
    }

    private static Object fields(Object value) {
        if (value instanceof KeyValue<?, ?> pair) {
            Map<String, Object> fields = new LinkedHashMap<>();
            fields.put("key", pair.getKey());
            fields.put("value", pair.getValue());
            return fields;
        }
        return value instanceof Flight || value instanceof String ? value : null;
    }
}
