package org.opensciencegrid.tokenrenewer.live;

import java.io.IOException;
import java.net.CookieManager;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import javax.net.ssl.SSLContext;

/** A user's browser with the features that sign-in pages need: cookies, redirects, forms with hidden fields. */
final class Browser {
    private static final Pattern FORM = Pattern.compile("<form\\b([^>]*)>(.*?)</form>", Pattern.DOTALL);
    private static final Pattern INPUT = Pattern.compile("<input\\b([^>]*)>", Pattern.DOTALL);
    private static final Pattern ATTRIBUTE = Pattern.compile("([\\w-]+)=\"([^\"]*)\"");

    private final HttpClient client;
    private HttpResponse<String> page;

    Browser(SSLContext tls) {
        client = HttpClient.newBuilder()
                .sslContext(tls)
                .cookieHandler(new CookieManager())
                .followRedirects(HttpClient.Redirect.ALWAYS)
                .connectTimeout(Duration.ofSeconds(10))
                .build();
    }

    void open(String url) throws IOException, InterruptedException {
        send(HttpRequest.newBuilder(URI.create(url)).GET());
    }

    /** Fills the form that has this field, and sends it with all its hidden fields. */
    void submit(String field, Map<String, String> filled) throws IOException, InterruptedException {
        Matcher form = FORM.matcher(page.body());
        while (form.find()) {
            Map<String, String> values = new LinkedHashMap<>();
            Matcher input = INPUT.matcher(form.group(2));
            boolean hasField = false;
            while (input.find()) {
                Map<String, String> attributes = attributes(input.group(1));
                hasField |= field.equals(attributes.get("name"));
                if ("hidden".equals(attributes.get("type"))) {
                    values.put(attributes.get("name"), attributes.getOrDefault("value", ""));
                }
            }
            if (hasField) {
                values.putAll(filled);
                String action = attributes(form.group(1)).getOrDefault("action", "");
                URI to = page.uri().resolve(action.replace("&amp;", "&"));
                send(HttpRequest.newBuilder(to)
                        .header("Content-Type", "application/x-www-form-urlencoded")
                        .POST(HttpRequest.BodyPublishers.ofString(encode(values))));
                return;
            }
        }
        throw new AssertionError("no form with " + field + " on " + this);
    }

    // Protocol requests, as a client would send them

    HttpResponse<String> getJson(String url) throws IOException, InterruptedException {
        return ask(HttpRequest.newBuilder(URI.create(url)).GET());
    }

    HttpResponse<String> postJson(String url, String json) throws IOException, InterruptedException {
        return ask(HttpRequest.newBuilder(URI.create(url))
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(json)));
    }

    /** @param basic id and secret, or empty for a public client */
    HttpResponse<String> postForm(String url, List<String> basic, Map<String, String> form)
            throws IOException, InterruptedException {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(url))
                .header("Content-Type", "application/x-www-form-urlencoded")
                .POST(HttpRequest.BodyPublishers.ofString(encode(form)));
        if (!basic.isEmpty()) { // RFC 6749 section 2.3.1: form-urlencoded before Base64
            String pair = encode(basic.get(0)) + ":" + encode(basic.get(1));
            byte[] bytes = pair.getBytes(StandardCharsets.UTF_8);
            request.header("Authorization", "Basic " + Base64.getEncoder().encodeToString(bytes));
        }
        return ask(request);
    }

    /**
     * @param json sent unless empty
     */
    HttpResponse<String> ask(String method, URI uri, String bearer, String json)
            throws IOException, InterruptedException {
        return ask(HttpRequest.newBuilder(uri)
                .header("Authorization", "Bearer " + bearer)
                .header("Content-Type", "application/json")
                .method(
                        method,
                        json.isEmpty()
                                ? HttpRequest.BodyPublishers.noBody()
                                : HttpRequest.BodyPublishers.ofString(json)));
    }

    private HttpResponse<String> ask(HttpRequest.Builder request) throws IOException, InterruptedException {
        HttpRequest asked = request.header("Accept", "application/json")
                .timeout(Duration.ofSeconds(20))
                .build();
        return client.send(asked, HttpResponse.BodyHandlers.ofString());
    }

    boolean has(String words) {
        return page.body().contains(words);
    }

    private void send(HttpRequest.Builder request) throws IOException, InterruptedException {
        HttpRequest asked = request.header("Accept", "text/html")
                .timeout(Duration.ofSeconds(20))
                .build();
        page = client.send(asked, HttpResponse.BodyHandlers.ofString());
    }

    private static Map<String, String> attributes(String tag) {
        Map<String, String> attributes = new LinkedHashMap<>();
        Matcher matcher = ATTRIBUTE.matcher(tag);
        while (matcher.find()) {
            attributes.put(matcher.group(1), matcher.group(2));
        }
        return attributes;
    }

    private static String encode(Map<String, String> form) {
        return form.entrySet().stream()
                .map(field -> encode(field.getKey()) + "=" + encode(field.getValue()))
                .collect(Collectors.joining("&"));
    }

    private static String encode(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8);
    }

    @Override
    public String toString() {
        return page.statusCode() + " " + page.uri() + "\n"
                + page.body().replaceAll("<[^>]*>", " ").replaceAll("\\s+", " ");
    }
}
