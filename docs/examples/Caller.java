// Calls idface-notifier. Java 8 or later, nothing to install.
//   export NOTIFIER_URL=https://notifier.example API_KEY=ifn_...
//   javac Caller.java
//   java Caller register 16236437872836 https://partner.example/hook
//   java Caller wait reg_... [SECONDS]
//   java Caller lookup 16236437872836 16236437872837
//   java Caller events [CURSOR]
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.HttpURLConnection;
import java.net.URL;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ThreadLocalRandom;

public class Caller {
    private static final int TIMEOUT_MS = 15_000;
    // A restart of the service is crossed.
    private static final long RETRY_FOR_MS = 30_000;

    /** status: of HTTP, 0 without an answer. problem: what the service says, see /docs/problems. */
    public static class NotifierException extends IOException {
        public final int status;
        public final Map<?, ?> problem;
        final long retryAfterMs;

        NotifierException(int status, Map<?, ?> problem, String detail, long retryAfterMs) {
            super(status + " " + detail);
            this.status = status;
            this.problem = problem;
            this.retryAfterMs = retryAfterMs;
        }

        boolean mayPass() {
            return status == 0 || status == 408 || status == 429 || status == 502 || status == 503 || status == 504;
        }
    }

    private final String url;
    private final String apiKey;

    public Caller(String url, String apiKey) {
        this.url = url.replaceFirst("/+$", "");
        this.apiKey = apiKey;
    }

    /** The same serial and URL again is the same registration, so this can be repeated. */
    public Map<?, ?> register(String idcardid, String callbackUrl, Map<String, String> metadata)
            throws IOException, InterruptedException {
        Map<String, Object> body = new LinkedHashMap<>();
        body.put("idcardid", idcardid);
        body.put("callbackUrl", callbackUrl);
        body.put("metadata", metadata);
        return call("POST", "/v1/registrations", body, TIMEOUT_MS);
    }

    /** The registration as soon as it is no longer pending, or as it is when the time is over. */
    public Map<?, ?> waitForVerdict(String id, long limitMs) throws IOException, InterruptedException {
        long endsAt = System.nanoTime() / 1_000_000 + limitMs;
        while (true) {
            long leftMs = Math.max(0, Math.min(30_000, endsAt - System.nanoTime() / 1_000_000));
            String path = "/v1/registrations/" + encode(id) + "?wait=" + leftMs / 1000 + "s";
            Map<?, ?> registration = call("GET", path, null, TIMEOUT_MS + (int) leftMs);
            if (!"pending".equals(registration.get("status")) || leftMs < 1000) return registration;
        }
    }

    /** At most 1,000 serials: one call after an outage. */
    public List<?> lookup(List<String> idcardids) throws IOException, InterruptedException {
        Map<String, Object> body = new LinkedHashMap<>();
        body.put("idcardids", idcardids);
        return (List<?>) call("POST", "/v1/registrations/lookup", body, TIMEOUT_MS).get("data");
    }

    /** data: the messages after the cursor. nextCursor: where to go on; store it when you have handled them. */
    public Map<?, ?> events(String cursor) throws IOException, InterruptedException {
        String after = cursor == null ? "" : "&after=" + encode(cursor);
        return call("GET", "/v1/events?limit=250" + after, null, TIMEOUT_MS);
    }

    /** Tries again what may pass and is safe to repeat, as all calls of this file are. */
    private Map<?, ?> call(String method, String path, Object body, int timeoutMs)
            throws IOException, InterruptedException {
        long endsAt = System.nanoTime() / 1_000_000 + RETRY_FOR_MS;
        for (long delayMs = 250; ; delayMs = Math.min(8_000, delayMs * 2)) {
            try {
                return send(method, path, body, timeoutMs);
            } catch (NotifierException error) {
                long waitMs = error.retryAfterMs + ThreadLocalRandom.current().nextLong(delayMs);
                if (!error.mayPass() || System.nanoTime() / 1_000_000 + waitMs > endsAt) throw error;
                Thread.sleep(waitMs);
            }
        }
    }

    private Map<?, ?> send(String method, String path, Object body, int timeoutMs) throws NotifierException {
        int status;
        String text;
        String retryAfter;
        try {
            HttpURLConnection connection = (HttpURLConnection) new URL(url + path).openConnection();
            connection.setRequestMethod(method);
            connection.setConnectTimeout(TIMEOUT_MS);
            connection.setReadTimeout(timeoutMs);
            // A redirect must not take the API key elsewhere.
            connection.setInstanceFollowRedirects(false);
            connection.setRequestProperty("authorization", "Bearer " + apiKey);
            if (body != null) {
                connection.setDoOutput(true);
                connection.setRequestProperty("content-type", "application/json");
                connection.getOutputStream().write(Json.write(body).getBytes(StandardCharsets.UTF_8));
            }
            status = connection.getResponseCode();
            retryAfter = connection.getHeaderField("retry-after");
            text = readAll(status < 400 ? connection.getInputStream() : connection.getErrorStream());
        } catch (IOException error) {
            throw new NotifierException(0, new LinkedHashMap<>(), error.toString(), 0);
        }
        Object answer = Json.read(text);
        if (status >= 200 && status <= 299 && answer instanceof Map) return (Map<?, ?>) answer;
        Map<?, ?> problem = answer instanceof Map ? (Map<?, ?>) answer : new LinkedHashMap<>();
        boolean isSeconds = retryAfter != null && retryAfter.matches("[0-9]{1,9}");
        // Of a 2xx that is no JSON nothing can be used.
        throw new NotifierException(status <= 299 ? 0 : status, problem, describe(problem),
                isSeconds ? Long.parseLong(retryAfter) * 1000 : 0);
    }

    private static String describe(Map<?, ?> problem) {
        StringBuilder text = new StringBuilder().append(problem.get("type")).append(' ').append(problem.get("detail"));
        if (problem.get("errors") instanceof List) {
            for (Object one : (List<?>) problem.get("errors")) {
                Map<?, ?> field = (Map<?, ?>) one;
                text.append(' ').append(field.get("path")).append(": ").append(field.get("message"));
            }
        }
        return text.toString();
    }

    private static String readAll(InputStream stream) throws IOException {
        if (stream == null) return "";
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        byte[] buffer = new byte[8192];
        for (int count; (count = stream.read(buffer)) >= 0; ) bytes.write(buffer, 0, count);
        return new String(bytes.toByteArray(), StandardCharsets.UTF_8);
    }

    private static String encode(String text) throws IOException {
        return URLEncoder.encode(text, "UTF-8");
    }

    public static void main(String[] arguments) throws Exception {
        String url = System.getenv("NOTIFIER_URL");
        String apiKey = System.getenv("API_KEY");
        if (url == null || apiKey == null) {
            System.err.println("NOTIFIER_URL and API_KEY must be set");
            System.exit(2);
        }
        Caller caller = new Caller(url, apiKey);
        List<String> given = Arrays.asList(arguments);
        String command = given.isEmpty() ? "" : given.get(0);
        String limit = given.size() > 2 ? given.get(2) : "120";
        try {
            if (command.equals("register") && given.size() == 3) {
                Map<?, ?> registration = caller.register(given.get(1), given.get(2), new LinkedHashMap<>());
                System.out.println(registration.get("id") + " " + registration.get("status"));
            } else if (command.equals("wait") && given.size() > 1 && limit.matches("[0-9]{1,5}")) {
                Map<?, ?> registration = caller.waitForVerdict(given.get(1), Integer.parseInt(limit) * 1000L);
                System.out.println(registration.get("id") + " " + registration.get("status"));
            } else if (command.equals("lookup") && given.size() > 1) {
                for (Object item : caller.lookup(given.subList(1, given.size()))) {
                    Map<?, ?> found = (Map<?, ?>) item;
                    StringBuilder line = new StringBuilder().append(found.get("idcardid"));
                    for (Object one : (List<?>) found.get("registrations")) {
                        line.append(' ').append(((Map<?, ?>) one).get("status"));
                    }
                    System.out.println(line);
                }
            } else if (command.equals("events")) {
                String cursor = given.size() > 1 ? given.get(1) : null;
                while (true) {
                    Map<?, ?> page = caller.events(cursor);
                    cursor = (String) page.get("nextCursor");
                    List<?> events = (List<?>) page.get("data");
                    if (events.isEmpty()) break;
                    for (Object one : events) {
                        // body is the text of the webhook, headers its signature: hand both to what receives webhooks.
                        Map<?, ?> event = (Map<?, ?>) one;
                        Map<?, ?> webhook = (Map<?, ?>) Json.read((String) event.get("body"));
                        Object serial = ((Map<?, ?>) webhook.get("data")).get("idcardid");
                        System.out.println(event.get("messageId") + " " + event.get("type") + " " + serial);
                    }
                }
                System.out.println("cursor " + cursor);
            } else {
                System.err.println("usage: java Caller register SERIAL URL | wait ID [SECONDS] | lookup SERIAL... | events [CURSOR]");
                System.exit(2);
            }
        } catch (NotifierException error) {
            System.err.println(error.getMessage());
            System.exit(1);
        }
    }

    /** As much JSON as this needs. Take your own library instead (Jackson, Gson, fastjson) where you have one. */
    static class Json {
        private final String text;
        private int at = 0;

        private Json(String text) {
            this.text = text;
        }

        /** Maps, lists, strings, booleans, numbers as they are written, null. Null too for what is no JSON. */
        static Object read(String text) {
            try {
                return new Json(text).value();
            } catch (RuntimeException noJson) {
                return null;
            }
        }

        private char next() {
            while (text.charAt(at) <= ' ') at++;
            return text.charAt(at);
        }

        private Object value() {
            char first = next();
            if (first == '{' || first == '[') return collection(first == '{');
            if (first == '"') return string();
            int from = at;
            while (at < text.length() && ",]} \n\r\t".indexOf(text.charAt(at)) < 0) at++;
            String word = text.substring(from, at);
            return word.equals("null") ? null : word.equals("true") ? true : word.equals("false") ? false : (Object) word;
        }

        private Object collection(boolean isObject) {
            Map<String, Object> map = new LinkedHashMap<>();
            List<Object> list = new ArrayList<>();
            char end = isObject ? '}' : ']';
            at++;
            while (next() != end) {
                if (isObject) {
                    String key = string();
                    next();
                    at++;
                    map.put(key, value());
                } else {
                    list.add(value());
                }
                if (next() == ',') at++;
            }
            at++;
            return isObject ? map : list;
        }

        private String string() {
            StringBuilder read = new StringBuilder();
            while (text.charAt(++at) != '"') {
                if (text.charAt(at) != '\\') {
                    read.append(text.charAt(at));
                } else if (text.charAt(++at) == 'u') {
                    read.append((char) Integer.parseInt(text.substring(at + 1, at + 5), 16));
                    at += 4;
                } else {
                    int plain = "bfnrt".indexOf(text.charAt(at));
                    read.append(plain < 0 ? text.charAt(at) : "\b\f\n\r\t".charAt(plain));
                }
            }
            at++;
            return read.toString();
        }

        /** @param value maps, lists and strings */
        static String write(Object value) {
            List<String> parts = new ArrayList<>();
            if (value instanceof Map) {
                ((Map<?, ?>) value).forEach((key, part) -> parts.add(write(key) + ":" + write(part)));
                return "{" + String.join(",", parts) + "}";
            }
            if (value instanceof List) {
                for (Object part : (List<?>) value) parts.add(write(part));
                return "[" + String.join(",", parts) + "]";
            }
            StringBuilder text = new StringBuilder("\"");
            for (char one : String.valueOf(value).toCharArray()) {
                if (one == '"' || one == '\\') text.append('\\').append(one);
                else if (one < ' ') text.append(String.format("\\u%04x", (int) one));
                else text.append(one);
            }
            return text.append('"').toString();
        }
    }
}
