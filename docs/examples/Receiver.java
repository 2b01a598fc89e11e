// Receives webhooks of idface-notifier and verifies them. Java 11 or later, nothing to install.
//   WEBHOOK_SECRET=whsec_... java Receiver.java
// While a secret is being changed: both, separated by a space.
import com.sun.net.httpserver.Headers;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.time.Instant;
import java.util.ArrayList;
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
        for (String secret : secrets.split(" ")) {
            byte[] key = Base64.getDecoder().decode(secret.replaceFirst("^whsec_", ""));
            // Anybody could sign with an empty key.
            if (key.length < 24) throw new IllegalArgumentException("set WEBHOOK_SECRET=whsec_...");
            keys.add(new SecretKeySpec(key, "HmacSHA256"));
        }
    }

    /** Whether the service has signed these very bytes, and lately. */
    boolean isVerified(Headers headers, byte[] body) throws GeneralSecurityException {
        String id = headers.getFirst("webhook-id");
        String timestamp = headers.getFirst("webhook-timestamp");
        String signatures = headers.getFirst("webhook-signature");
        if (id == null || timestamp == null || signatures == null || !timestamp.matches("[0-9]{1,12}")) return false;
        long age = Instant.now().getEpochSecond() - Long.parseLong(timestamp);
        if (Math.abs(age) > TOLERANCE_SECONDS) return false;
        for (SecretKeySpec key : keys) {
            Mac mac = Mac.getInstance("HmacSHA256");
            mac.init(key);
            mac.update((id + "." + timestamp + ".").getBytes(StandardCharsets.UTF_8));
            String expected = "v1," + Base64.getEncoder().encodeToString(mac.doFinal(body));
            for (String signature : signatures.split(" ")) {
                // In constant time.
                if (MessageDigest.isEqual(bytes(expected), bytes(signature))) return true;
            }
        }
        return false;
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private int receive(HttpExchange exchange) throws IOException, GeneralSecurityException {
        if (!exchange.getRequestMethod().equals("POST")) return 405;
        byte[] body = exchange.getRequestBody().readNBytes(MAX_BYTES + 1);
        if (body.length > MAX_BYTES) return 413;
        if (!isVerified(exchange.getRequestHeaders(), body)) return 401;
        // A webhook can come twice. Keep its id with what you do, and do nothing for an id that you have.
        // Java has no JSON reader of its own: parse the body with yours.
        String id = exchange.getRequestHeaders().getFirst("webhook-id");
        System.out.println(id + " " + new String(body, StandardCharsets.UTF_8));
        return 204;
    }

    private void handle(HttpExchange exchange) throws IOException {
        int status = 500;
        try {
            status = receive(exchange);
        } catch (GeneralSecurityException | RuntimeException error) {
            error.printStackTrace();
        }
        exchange.sendResponseHeaders(status, -1);
        exchange.close();
    }

    public static void main(String[] arguments) throws IOException {
        Receiver receiver = new Receiver(System.getenv().getOrDefault("WEBHOOK_SECRET", ""));
        int port = Integer.parseInt(System.getenv().getOrDefault("PORT", "9000"));
        HttpServer server = HttpServer.create(new InetSocketAddress("127.0.0.1", port), 0);
        server.createContext("/", receiver::handle);
        server.setExecutor(Executors.newFixedThreadPool(8));
        server.start();
        System.out.println("http://127.0.0.1:" + server.getAddress().getPort() + "/");
    }
}
