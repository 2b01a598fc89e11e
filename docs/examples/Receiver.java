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
import java.util.Arrays;
import java.util.concurrent.Executors;

public class Receiver {
    private static final int MAX_BYTES = 64 * 1024;

    private final String[] secrets;

    Receiver(String secrets) {
        this.secrets = secrets.split(" ", -1);
        for (String secret : this.secrets) IdfaceWebhook.readKey(secret);
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private void receive(HttpExchange exchange) throws IOException {
        if (!exchange.getRequestMethod().equals("POST")) {
            answer(exchange, 405, "");
            return;
        }
        byte[] body = read(exchange.getRequestBody());
        if (body.length > MAX_BYTES) {
            answer(exchange, 413, "");
            return;
        }
        Headers headers = exchange.getRequestHeaders();
        String id = headers.getFirst("webhook-id");
        String timestamp = headers.getFirst("webhook-timestamp");
        try {
            IdfaceWebhook.verify(secrets, id, timestamp, headers.getFirst("webhook-signature"), body);
        } catch (IdfaceWebhook.Refused refused) {
            System.out.println("refused: " + refused.getMessage());
            answer(exchange, 401, refused.getMessage());
            return;
        }
        // A webhook can come twice. Keep its id with what you do, and do nothing for an id that you have.
        // Java has no JSON reader of its own: parse the body with yours.
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
        } catch (RuntimeException error) {
            error.printStackTrace();
            answer(exchange, 500, "");
        } finally {
            exchange.close();
        }
    }

    public static void main(String[] arguments) throws IOException {
        Receiver receiver;
        try {
            receiver = new Receiver(System.getenv().getOrDefault("WEBHOOK_SECRET", ""));
        } catch (IllegalArgumentException error) {
            System.err.println("WEBHOOK_SECRET: " + error.getMessage());
            System.exit(1);
            return;
        }
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

// --- verify: copy from here ---
class IdfaceWebhook {
    /** Not signed with one of the secrets, or too long ago: answer 401 with the message. */
    static class Refused extends Exception {
        Refused(String message) {
            super(message);
        }
    }

    /** Returns when one of the secrets has signed these very bytes, within five minutes. */
    static void verify(String[] secrets, String id, String timestamp, String signatures, byte[] body) throws Refused {
        verify(secrets, id, timestamp, signatures, body, System.currentTimeMillis() / 1000);
    }

    /** The same, within five minutes of now in epoch seconds. */
    static void verify(String[] secrets, String id, String timestamp, String signatures, byte[] body, long now)
            throws Refused {
        java.util.List<byte[]> keys = new java.util.ArrayList<>();
        for (String secret : secrets) keys.add(readKey(secret));
        if (id == null || id.isEmpty() || timestamp == null || !timestamp.matches("[0-9]{1,12}")) {
            throw new Refused("no webhook: a header is missing or malformed");
        }
        long age = now - Long.parseLong(timestamp);
        if (Math.abs(age) > 300) throw new Refused("timestamp " + age + " s old: is the clock right?");
        for (byte[] key : keys) {
            String expected = "v1," + sign(key, id + "." + timestamp + ".", body);
            for (String signature : signatures == null ? new String[0] : signatures.split(" ")) {
                // In constant time.
                if (java.security.MessageDigest.isEqual(bytes(expected), bytes(signature))) return;
            }
        }
        throw new Refused("no signature matches: is the secret the one of this partner?");
    }

    static byte[] readKey(String secret) {
        try {
            byte[] key = java.util.Base64.getDecoder().decode(secret.replaceFirst("^whsec_", ""));
            // Anybody could sign with an empty key.
            if (secret.startsWith("whsec_") && secret.length() % 4 == 2 && key.length >= 24) return key;
        } catch (IllegalArgumentException notBase64) {
            // The same mistake.
        }
        throw new IllegalArgumentException("a signing secret must be as it was shown, whsec_...");
    }

    private static String sign(byte[] key, String head, byte[] body) {
        try {
            javax.crypto.Mac mac = javax.crypto.Mac.getInstance("HmacSHA256");
            mac.init(new javax.crypto.spec.SecretKeySpec(key, "HmacSHA256"));
            mac.update(bytes(head));
            return java.util.Base64.getEncoder().encodeToString(mac.doFinal(body));
        } catch (java.security.GeneralSecurityException error) {
            throw new IllegalStateException(error);
        }
    }

    private static byte[] bytes(String text) {
        return text.getBytes(java.nio.charset.StandardCharsets.UTF_8);
    }
}
// --- verify: to here ---
