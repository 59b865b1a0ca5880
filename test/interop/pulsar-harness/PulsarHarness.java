import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.File;
import java.io.PrintStream;
import java.util.Map;
import org.apache.pulsar.client.api.PulsarClient;
import org.apache.pulsar.client.api.Schema;
import org.apache.pulsar.common.schema.KeyValueEncodingType;

/**
 * Pulsar's Java client as the interop tests run it: `write` sends the messages of every case in a JSON file, `read`
 * tells what it receives of each; a line of JSON a message, or an error.
 */
public final class PulsarHarness {
    static final ObjectMapper JSON = new ObjectMapper();

    private static final PrintStream OUT = System.out;

    private PulsarHarness() {}

    public static void main(String[] args) throws Exception {
        // Standard output belongs to the messages.
        System.setOut(System.err);
        JsonNode plan = JSON.readTree(new File(args[1]));
        try (PulsarClient client =
                PulsarClient.builder().serviceUrl(plan.get("serviceUrl").asText()).build()) {
            for (JsonNode test : plan.get("cases")) {
                try {
                    if (args[0].equals("write")) {
                        MessageWriter.write(client, test);
                    } else {
                        MessageReader.read(client, test);
                    }
                } catch (Exception error) {
                    say(Map.of("topic", test.get("topic").asText(), "error", String.valueOf(error)));
                }
            }
        }
        System.exit(0);
    }

    static void say(Map<String, Object> line) throws Exception {
        OUT.println(JSON.writeValueAsString(line));
    }

    static Schema<?> schema(String name) {
        return switch (name) {
            case "BYTES" -> Schema.BYTES;
            case "STRING" -> Schema.STRING;
            case "JSON" -> Schema.JSON(Flight.class);
            case "AVRO" -> Schema.AVRO(Flight.class);
            case "KEY_VALUE INLINE" ->
                Schema.KeyValue(Schema.STRING, Schema.AVRO(Flight.class), KeyValueEncodingType.INLINE);
            case "KEY_VALUE SEPARATED" ->
                Schema.KeyValue(Schema.STRING, Schema.AVRO(Flight.class), KeyValueEncodingType.SEPARATED);
            default -> throw new IllegalArgumentException(name);
        };
    }
}
