import java.io.IOException;
import java.io.InputStream;
import java.net.HttpURLConnection;
import java.net.URI;
import java.net.URLEncoder;
import java.net.UnknownHostException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.ByteBuffer;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.MessageDigest;
import java.security.cert.Certificate;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import javax.net.ssl.HttpsURLConnection;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocketFactory;
import javax.net.ssl.TrustManagerFactory;

/**
 * A small, complete till with HttpURLConnection and no library: a form goes out, lines of key=value come back.
 *
 *   java Till.java sale REFERENCE AMOUNT               399.00 is 39900
 *   java Till.java refund REFERENCE ORIGINAL [AMOUNT]  all that is left, when no amount is given
 *   java Till.java cancel REFERENCE                    stop a sale that another till process waits for
 *   java Till.java signature REFERENCE yes|no          is the customer's signature on a sale the card's?
 *   java Till.java recover                             after a crash or a power cut: how did it end? It begins nothing
 *
 * BRIDGE_URL, TILL_KEY and TILL_NOTE (the file that remembers what is open) configure it; TILL_TERMINAL names another
 * terminal than the till's own; for https, TILL_CA is the file with the authority to trust.
 * Exit codes: 0 done, 1 not done and nothing was taken, 2 refused, 3 not known yet: run recover.
 */
public class Till {
    static final String BRIDGE = setting("BRIDGE_URL", "http://127.0.0.1:7117");
    static final String KEY = setting("TILL_KEY", "demo-key");
    static final Path NOTE = Path.of(setting("TILL_NOTE", "till-open.txt"));
    static final String TERMINAL = setting("TILL_TERMINAL", ""); // the till's own, when it is not set
    static final String AUTHORITY = setting("TILL_CA", ""); // those that Java knows, when it is not set
    static final int WAIT = 30; // seconds that the bridge may hold a call; the socket below waits longer
    static final int PATIENCE = 180; // seconds until the cashier is told that the outcome is open
    static final int DONE = 0, NOT_DONE = 1, REFUSED = 2, OPEN = 3;

    /** Proven: nothing left this machine, and asking again would change nothing. */
    static class NotAsked extends IOException {
        NotAsked(String why) { super(why); }
    }

    public static void main(String[] words) throws InterruptedException {
        int code = OPEN;
        try {
            code = run(words);
        } catch (NotAsked error) {
            System.out.println("The bridge was not asked: " + error.getMessage());
            code = REFUSED;
        } catch (FileSystemException error) {
            System.out.println("TILL_NOTE: the note cannot be read or removed: " + error);
        } catch (IOException error) {
            System.out.println("The bridge at " + BRIDGE + " does not answer: " + error.getMessage());
        }
        System.exit(code);
    }

    static int run(String[] words) throws IOException, InterruptedException {
        if (!BRIDGE.matches("https?://.*")) {
            System.out.println("BRIDGE_URL must begin with http:// or https://, as in http://127.0.0.1:7117");
            return REFUSED;
        }
        String command = words.length == 0 ? "" : words[0];
        String line = String.join(" ", words);
        if (command.equals("sale") && words.length == 3) {
            return start("/pay", words[1], form("reference", words[1], "amount", words[2]), line);
        }
        if (command.equals("refund") && words.length == 3) {
            return start("/refund", words[1], form("reference", words[1], "original_reference", words[2]), line);
        }
        if (command.equals("refund") && words.length == 4) {
            String fields = form("reference", words[1], "original_reference", words[2], "amount", words[3]);
            return start("/refund", words[1], fields, line);
        }
        if (command.equals("cancel") && words.length == 2) return cancel(words[1]);
        if (command.equals("signature") && words.length == 3 && words[2].matches("yes|no")) {
            return sign(words[1], words[2].equals("yes"));
        }
        if (command.equals("recover") && words.length == 1) return recover();
        System.out.println("usage: sale REFERENCE AMOUNT | refund REFERENCE ORIGINAL [AMOUNT] | cancel REFERENCE"
            + " | signature REFERENCE yes|no | recover");
        return REFUSED;
    }

    static int start(String path, String reference, String fields, String command)
            throws IOException, InterruptedException {
        String address = path + "/" + encoded(reference);
        List<String> note = List.of(address, command, BRIDGE, hashed(KEY));
        List<String> open = remembered();
        boolean before = !open.isEmpty();
        if (before && !open.equals(note)) {
            System.out.println("Something is open still: run recover first.");
            return OPEN;
        }
        if (!before) remember(note);
        String terminal = TERMINAL.isEmpty() ? "" : "&" + form("terminal", TERMINAL);
        Map<String, String> reply;
        try {
            reply = askUntilFinal("POST", path, fields + terminal + "&wait=" + WAIT, before);
        } catch (NotAsked error) {
            if (!before) Files.deleteIfExists(NOTE);
            throw error;
        }
        if (reply.containsKey("code")) {
            refused(reply);
            Files.deleteIfExists(NOTE);
            return REFUSED;
        }
        return settle(address, reply);
    }

    /** Writes down what is about to be asked, before it is: a till that dies knows what to ask about, and whom. */
    static void remember(List<String> lines) throws IOException {
        try (FileChannel note = FileChannel.open(NOTE, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
            note.write(ByteBuffer.wrap((String.join("\n", lines) + "\n").getBytes(StandardCharsets.UTF_8)));
            note.force(true);
        } catch (IOException error) {
            Files.deleteIfExists(NOTE);
            throw new NotAsked("TILL_NOTE: the note cannot be written: " + error);
        }
    }

    /** No line when nothing is open, or the power went while the note was written, which is before anything is asked. */
    static List<String> remembered() throws IOException {
        return Files.exists(NOTE) ? Files.readAllLines(NOTE) : List.of();
    }

    /** The note tells tills apart by it. A file is no place for the key itself. */
    static String hashed(String key) throws IOException {
        try {
            byte[] hash = MessageDigest.getInstance("SHA-256").digest(key.getBytes(StandardCharsets.UTF_8));
            return String.format("%064x", new java.math.BigInteger(1, hash));
        } catch (GeneralSecurityException error) {
            throw new IOException(error);
        }
    }

    /** Asks with the same reference until the outcome is proven. That is safe: it never charges twice. */
    static Map<String, String> askUntilFinal(String method, String path, String fields, boolean began)
            throws IOException, InterruptedException {
        long deadline = System.nanoTime() + PATIENCE * 1_000_000_000L;
        boolean asked = false;
        String shown = "";
        while (System.nanoTime() < deadline) {
            String words;
            try {
                Map<String, String> reply = call(method, path, fields);
                if (!"same_reference".equals(reply.get("retry"))) {
                    if (!began || !reply.containsKey("code")) return reply;
                    // It proves nothing about what an earlier try may have begun.
                    refused(reply);
                    return Map.of();
                }
                words = told(reply);
            } catch (IOException error) {
                if (error instanceof NotAsked && !asked) throw error;
                words = "No answer (" + error.getMessage() + "); asking again with the same reference ...";
            }
            if (!shown.equals(words)) System.out.println(words);
            asked = true;
            shown = words;
            began = began || method.equals("POST");
            Thread.sleep(1000);
        }
        return Map.of();
    }

    static void refused(Map<String, String> reply) {
        System.out.println("Refused: " + reply.get("code") + ": " + reply.get("detail"));
    }

    static String told(Map<String, String> reply) {
        return reply.getOrDefault("message", reply.get("detail"));
    }

    /** Shows the outcome, prints the receipt, books it, and forgets the note. */
    static int settle(String address, Map<String, String> reply) throws IOException {
        if (!"true".equals(reply.get("final"))) {
            System.out.println("NOT KNOWN: do not hand out the goods, do not sell again; look at the terminal's receipt, then recover.");
            return OPEN;
        }
        if ("true".equals(reply.get("late"))) {
            System.out.println("!!! LATE: it was PAID after all. Give the goods, or refund it. !!!");
        }
        System.out.println(reply.get("message"));
        boolean approved = reply.get("status").equals("approved");
        if (approved) {
            long amount = Long.parseLong(reply.get("amount_approved"));
            System.out.printf("%s %s %d.%02d %s%n", reply.get("kind"), reply.get("reference"), amount / 100, amount % 100, reply.get("currency"));
            System.out.println(reply.getOrDefault("receipt.customer", ""));
        }
        // Here a real till writes the result into its books, before the note goes.
        call("POST", address + "/ack", "");
        Files.deleteIfExists(NOTE);
        return approved ? DONE : NOT_DONE;
    }

    /** Asks to stop; the reply tells what really happened, and an approval wins. */
    static int cancel(String reference) throws IOException {
        Map<String, String> reply = call("POST", "/pay/" + encoded(reference) + "/cancel", "wait=" + WAIT);
        System.out.println(told(reply));
        if (reply.containsKey("code")) return REFUSED;
        if (!"true".equals(reply.get("final"))) return OPEN;
        return reply.get("status").equals("cancelled") ? DONE : NOT_DONE;
    }

    /** The cashier's answer; the process that waits for the sale tells how that ends. */
    static int sign(String reference, boolean accepted) throws IOException {
        Map<String, String> reply = call("POST", "/pay/" + encoded(reference) + "/signature", "accepted=" + accepted);
        System.out.println(told(reply));
        return reply.containsKey("code") ? REFUSED : DONE;
    }

    /** Only asks how what was open stands. It sends no sale: the customer may be gone. */
    static int recover() throws IOException, InterruptedException {
        List<String> note = remembered();
        if (note.isEmpty()) {
            System.out.println("Nothing is open.");
            return DONE;
        }
        String address = note.get(0);
        if (note.size() != 4 || !note.get(2).equals(BRIDGE) || !note.get(3).equals(hashed(KEY))) {
            boolean sameBridge = note.size() != 4 || note.get(2).equals(BRIDGE);
            String other = sameBridge ? "another TILL_KEY" : "BRIDGE_URL=" + note.get(2);
            System.out.println(address + " stays open: it was begun with " + other + ", so recover with that.");
            return REFUSED;
        }
        Map<String, String> reply = askUntilFinal("GET", address + "?wait=" + WAIT, null, false);
        if ("not_found".equals(reply.get("code"))) {
            // No proof that nothing was taken: what this till sent before it died may still be on its way.
            System.out.println("The bridge does not know " + address
                + " (yet). It stays open. Safe is only the same number:");
            System.out.println("    java Till.java " + note.get(1));
            System.out.println("It charges once, however often it is sent. If the customer is gone,"
                + " cancel it meanwhile.");
            return OPEN;
        }
        if (reply.containsKey("code")) refused(reply);
        return settle(address, reply);
    }

    /** One call and its reply. An IOException means that there was no answer. */
    static Map<String, String> call(String method, String path, String fields) throws IOException {
        try {
            return exchange(method, path, fields);
        } catch (UnknownHostException error) {
            throw new NotAsked("BRIDGE_URL: the name " + error.getMessage() + " is not known here");
        } catch (IOException error) {
            for (Throwable cause = error; cause != null; cause = cause.getCause()) {
                if (!(cause instanceof CertificateException)) continue;
                throw new NotAsked("its certificate is not trusted (" + error.getMessage()
                    + "); set TILL_CA to the store's authority.pem");
            }
            throw error;
        }
    }

    static Map<String, String> exchange(String method, String path, String fields) throws IOException {
        HttpURLConnection connection = (HttpURLConnection) URI.create(BRIDGE + path).toURL().openConnection();
        if (connection instanceof HttpsURLConnection && !AUTHORITY.isEmpty()) {
            ((HttpsURLConnection) connection).setSSLSocketFactory(trusting(AUTHORITY));
        }
        connection.setRequestMethod(method);
        connection.setConnectTimeout(5_000);
        connection.setReadTimeout((WAIT + 10) * 1000);
        connection.setRequestProperty("Authorization", "Bearer " + KEY);
        connection.setRequestProperty("Accept", "text/plain");
        if (fields != null) {
            byte[] body = fields.getBytes(StandardCharsets.UTF_8);
            connection.setRequestProperty("Content-Type", "application/x-www-form-urlencoded; charset=utf-8");
            connection.setDoOutput(true);
            connection.setFixedLengthStreamingMode(body.length); // or Java would send a POST twice by itself
            connection.getOutputStream().write(body);
        }
        int status = connection.getResponseCode();
        try (InputStream stream = status < 400 ? connection.getInputStream() : connection.getErrorStream()) {
            if (stream == null) throw new IOException("an empty answer, " + status);
            return lines(new String(stream.readAllBytes(), StandardCharsets.UTF_8));
        }
    }

    /** Encrypts, and trusts the authority of that file alone. */
    static SSLSocketFactory trusting(String file) throws IOException {
        try (InputStream stream = Files.newInputStream(Path.of(file))) {
            KeyStore trusted = KeyStore.getInstance(KeyStore.getDefaultType());
            trusted.load(null, null);
            for (Certificate authority : CertificateFactory.getInstance("X.509").generateCertificates(stream)) {
                trusted.setCertificateEntry("authority-" + trusted.size(), authority);
            }
            TrustManagerFactory managers = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
            managers.init(trusted);
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(null, managers.getTrustManagers(), null);
            return context.getSocketFactory();
        } catch (IOException | GeneralSecurityException error) {
            throw new NotAsked("TILL_CA: the authority cannot be read: " + error);
        }
    }

    /** Lines of key=value; in a value \n is a line end and \\ a backslash. */
    static Map<String, String> lines(String text) {
        Map<String, String> reply = new LinkedHashMap<>();
        for (String line : text.split("\r\n")) {
            int equals = line.indexOf('=');
            if (equals > 0) reply.put(line.substring(0, equals), unescaped(line.substring(equals + 1)));
        }
        return reply;
    }

    static String unescaped(String value) {
        StringBuilder text = new StringBuilder();
        for (int at = 0; at < value.length(); at++) {
            char character = value.charAt(at);
            if (character != '\\' || at + 1 == value.length()) {
                text.append(character);
                continue;
            }
            char next = value.charAt(++at);
            text.append(next == 'n' ? '\n' : next == 'r' ? '\r' : next);
        }
        return text.toString();
    }

    static String form(String... namesAndValues) {
        StringBuilder form = new StringBuilder();
        for (int at = 0; at < namesAndValues.length; at += 2) {
            form.append(at == 0 ? "" : "&").append(namesAndValues[at]).append('=').append(encoded(namesAndValues[at + 1]));
        }
        return form.toString();
    }

    static String encoded(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8).replace("+", "%20");
    }

    static String setting(String name, String usual) {
        String value = System.getenv(name);
        return value == null || value.isEmpty() ? usual : value;
    }
}
