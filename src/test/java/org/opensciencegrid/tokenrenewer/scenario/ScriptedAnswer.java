package org.opensciencegrid.tokenrenewer.scenario;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.Socket;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.DeflaterOutputStream;
import java.util.zip.GZIPOutputStream;
import org.opensciencegrid.testkit.Json;

/**
 * One response as bytes. A step of a script changes the correct response with these members:
 *
 * <table>
 * <caption>members of a step</caption>
 * <tr><td>status, headers<td>another status; headers to add, or to remove if null
 * <tr><td>set, remove<td>members of the JSON changed; {refresh_token} in a text becomes the valid one
 * <tr><td>token, identity<td>claims of the access token and of the id_token changed
 * <tr><td>refuses<td>true: no token is issued, and the response only has these JSON members or this body
 * <tr><td>body<td>another body; {answer}, {access_token}, {refresh_token} and {port} are replaced
 * <tr><td>coding, charset, mark<td>gzip, deflate or an unknown name; UTF-16; a byte order mark
 * <tr><td>before<td>bytes before the response, such as an interim response
 * <tr><td>length, cut<td>error of Content-Length; number of bytes missing at the end
 * <tr><td>chunked, end<td>chunks, and the text after the last one
 * <tr><td>unmeasured<td>no Content-Length: the response ends with the connection
 * <tr><td>close, reset<td>the connection is closed after the response; is reset instead of a response
 * </table>
 */
record ScriptedAnswer(byte[] bytes, boolean closes, boolean resets) {
    static boolean isRefusal(Map<String, Object> step) {
        return Boolean.TRUE.equals(step.get("refuses"));
    }

    static ScriptedAnswer of(Map<String, Object> step, int usual, Map<String, Object> right, ScriptedIssuer issuer) {
        Map<String, Object> members = new LinkedHashMap<>(right);
        if (step.containsKey("token")) {
            members.put("access_token", ScriptedIssuer.jwt(member(step, "token")));
        }
        if (step.containsKey("identity")) {
            Map<String, Object> claims = new LinkedHashMap<>(member(step, "identity"));
            claims.replaceAll((name, value) -> filled(value, members, issuer));
            members.put("id_token", issuer.idToken(claims));
        }
        member(step, "set").forEach((name, value) -> members.put(name, filled(value, members, issuer)));
        if (step.get("remove") instanceof List<?> gone) {
            gone.forEach(members::remove);
        }
        int status = number(step, "status", usual);
        String said = step.containsKey("body")
                ? step.get("body").toString().replace("{answer}", Json.write(members))
                : status == 204 ? "" : Json.write(members);
        return new ScriptedAnswer(
                message(step, status, coded(step, (String) filled(said, members, issuer))),
                step.containsKey("cut") || step.containsKey("unmeasured") || step.containsKey("close"),
                step.containsKey("reset"));
    }

    /** Whether the connection stays open. */
    boolean sendTo(Socket connection) throws IOException {
        if (resets) {
            connection.setSoLinger(true, 0);
            return false;
        }
        OutputStream out = connection.getOutputStream();
        out.write(bytes);
        out.flush();
        return !closes;
    }

    private static Object filled(Object value, Map<String, Object> members, ScriptedIssuer issuer) {
        return value instanceof String text
                ? issuer.filled(text.replace("{issuer}", issuer.issuer())
                        .replace("{refresh_token}", issuer.refreshToken())
                        .replace("{access_token}", String.valueOf(members.get("access_token"))))
                : value;
    }

    private static byte[] coded(Map<String, Object> step, String said) {
        String text = step.containsKey("mark") ? "\ufeff" + said : said;
        Charset charset = step.containsKey("charset")
                ? Charset.forName(step.get("charset").toString())
                : StandardCharsets.UTF_8;
        byte[] plain = text.getBytes(charset);
        ByteArrayOutputStream coded = new ByteArrayOutputStream();
        String coding = String.valueOf(step.get("coding"));
        try (OutputStream out = coding.endsWith("gzip")
                ? new GZIPOutputStream(coded)
                : coding.equals("deflate") ? new DeflaterOutputStream(coded) : coded) {
            out.write(plain);
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
        return coded.toByteArray();
    }

    private static byte[] message(Map<String, Object> step, int status, byte[] body) {
        Map<String, Object> headers = new LinkedHashMap<>();
        headers.put("Content-Type", "application/json");
        if (step.containsKey("coding")) {
            headers.put("Content-Encoding", step.get("coding"));
        }
        String chunk = "";
        String end = "";
        if (step.containsKey("chunked")) {
            headers.put("Transfer-Encoding", "chunked");
            chunk = Integer.toHexString(body.length) + "\r\n";
            end = "\r\n" + step.getOrDefault("end", "0\r\n\r\n");
        } else if (!step.containsKey("unmeasured") && status != 204) {
            headers.put("Content-Length", body.length + number(step, "length", 0));
        }
        headers.putAll(member(step, "headers"));
        StringBuilder head = new StringBuilder(step.getOrDefault("before", "").toString());
        head.append("HTTP/1.1 ").append(status).append(" Scripted\r\n");
        headers.forEach((name, value) -> {
            if (value != null) {
                head.append(name).append(": ").append(value).append("\r\n");
            }
        });
        head.append("\r\n").append(chunk);
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        all.writeBytes(head.toString().getBytes(StandardCharsets.UTF_8));
        all.writeBytes(body);
        all.writeBytes(end.getBytes(StandardCharsets.UTF_8));
        return Arrays.copyOf(all.toByteArray(), all.size() - number(step, "cut", 0));
    }

    private static int number(Map<String, Object> step, String name, int otherwise) {
        return step.get(name) instanceof Number number ? number.intValue() : otherwise;
    }

    private static Map<String, Object> member(Map<String, Object> step, String name) {
        return org.opensciencegrid.tokenrenewer.json.Json.member(step, name);
    }
}
