import java.io.BufferedOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;

/** JSON lines on standard output, each begun by `event` and ended by what prints it. */
final class HarnessLines {
    private static final PrintStream OUT =
            new PrintStream(new BufferedOutputStream(System.out, 1 << 16), false, StandardCharsets.UTF_8);

    private HarnessLines() {}

    static String event(String name) {
        return "{\"event\":\"" + name + "\"";
    }

    /** A field of the line; none when the value is null. */
    static String text(String name, String value) {
        return value == null
                ? ""
                : ",\"" + name + "\":\"" + value.replace("\\", "\\\\").replace("\"", "\\\"") + "\"";
    }

    static String number(String name, long value) {
        return ",\"" + name + "\":" + value;
    }

    static void write(String line) {
        synchronized (OUT) {
            OUT.print(line + "}\n");
        }
    }

    static void flush() {
        OUT.flush();
    }

    /** Writes the line, and all before it, at once. */
    static void say(String line) {
        write(line);
        flush();
    }
}
