// Receives webhooks of idface-notifier and verifies them. Java 8 or later, nothing to install.
//   javac Receiver.java && WEBHOOK_SECRET=whsec_... java Receiver
// While a secret is being changed: both, separated by a space.
import com.sun.net.httpserver.Headers;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.Executors;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

public class Receiver {
    private static final long TOLERANCE_SECONDS = 300;
    private static final int MAX_BYTES = 64 * 1024;

    private final List<SecretKeySpec> keys = new ArrayList<>();

    Receiver(String secrets) {
        for (String secret : secrets.split(" ", -1)) {
            keys.add(new SecretKeySpec(readKey(secret), "HmacSHA256"));
        }
    }

    private static byte[] readKey(String secret) {
        try {
            byte[] key = Base64.getDecoder().decode(secret.replaceFirst("^whsec_", ""));
            // Anybody could sign with an empty key.
            if (secret.startsWith("whsec_") && secret.length() % 4 == 2 && key.length >= 24) return key;
        } catch (IllegalArgumentException notBase64) {
            // The same mistake.
        }
        System.err.println("WEBHOOK_SECRET must be the signing secret as it was shown, whsec_...");
        System.exit(1);
        return null;
    }

    /** Null where the service has signed these very bytes, and lately; or why not. */
    String reasonToRefuse(Headers headers, byte[] body) throws GeneralSecurityException {
        String id = headers.getFirst("webhook-id");
        String timestamp = headers.getFirst("webhook-timestamp");
        String signatures = headers.getFirst("webhook-signature");
        if (id == null || timestamp == null || signatures == null || !timestamp.matches("[0-9]{1,12}")) {
            return "no webhook: its headers are missing or malformed";
        }
        long ageSeconds = Instant.now().getEpochSecond() - Long.parseLong(timestamp);
        if (Math.abs(ageSeconds) > TOLERANCE_SECONDS) return "timestamp " + ageSeconds + " s old: is the clock right?";
        for (SecretKeySpec key : keys) {
            Mac mac = Mac.getInstance("HmacSHA256");
            mac.init(key);
            mac.update(bytes(id + "." + timestamp + "."));
            String expected = "v1," + Base64.getEncoder().encodeToString(mac.doFinal(body));
            for (String signature : signatures.split(" ")) {
                // In constant time.
                if (MessageDigest.isEqual(bytes(expected), bytes(signature))) return null;
            }
        }
        return "no signature matches: is WEBHOOK_SECRET the one of this partner?";
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private void receive(HttpExchange exchange) throws IOException, GeneralSecurityException {
        if (!exchange.getRequestMethod().equals("POST")) {
            answer(exchange, 405, "");
            return;
        }
        byte[] body = read(exchange.getRequestBody());
        if (body.length > MAX_BYTES) {
            answer(exchange, 413, "");
            return;
        }
        String reason = reasonToRefuse(exchange.getRequestHeaders(), body);
        if (reason != null) {
            System.out.println("refused: " + reason);
            answer(exchange, 401, reason);
            return;
        }
        // A webhook can come twice. Keep its id with what you do, and do nothing for an id that you have.
        // Java has no JSON reader of its own: parse the body with yours.
        String id = exchange.getRequestHeaders().getFirst("webhook-id");
        System.out.println(id + " " + new String(body, StandardCharsets.UTF_8));
        answer(exchange, 204, "");
    }

    /** At most one byte more than is taken. */
    private static byte[] read(InputStream stream) throws IOException {
        byte[] bytes = new byte[MAX_BYTES + 1];
        int length = 0;
        for (int count; (count = stream.read(bytes, length, bytes.length - length)) > 0; ) length += count;
        return Arrays.copyOf(bytes, length);
    }

    private static void answer(HttpExchange exchange, int status, String text) throws IOException {
        if (text.isEmpty()) {
            exchange.sendResponseHeaders(status, -1);
            return;
        }
        exchange.getResponseHeaders().set("content-type", "text/plain");
        exchange.sendResponseHeaders(status, bytes(text).length);
        exchange.getResponseBody().write(bytes(text));
    }

    private void handle(HttpExchange exchange) throws IOException {
        try {
            receive(exchange);
        } catch (GeneralSecurityException | RuntimeException error) {
            error.printStackTrace();
            answer(exchange, 500, "");
        } finally {
            exchange.close();
        }
    }

    public static void main(String[] arguments) throws IOException {
        Receiver receiver = new Receiver(System.getenv().getOrDefault("WEBHOOK_SECRET", ""));
        int port = Integer.parseInt(System.getenv().getOrDefault("PORT", "9000"));
        // Of a whole request: whoever sends slowly must not hold a thread for longer.
        System.setProperty("sun.net.httpserver.maxReqTime", "15");
        HttpServer server = HttpServer.create(new InetSocketAddress("127.0.0.1", port), 0);
        server.createContext("/", receiver::handle);
        server.setExecutor(Executors.newFixedThreadPool(64));
        server.start();
        System.out.println("listening on http://127.0.0.1:" + server.getAddress().getPort() + "/");
    }
}
