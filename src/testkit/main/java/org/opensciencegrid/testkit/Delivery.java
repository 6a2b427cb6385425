package org.opensciencegrid.testkit;

import com.sun.net.httpserver.HttpExchange;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.zip.GZIPOutputStream;

/** Sends one response to the client, with the effects of its faults. */
final class Delivery {
    private static final int NO_BODY = -1;
    private static final int CHUNKED = 0;

    private final HttpExchange exchange;
    private final List<Fault.Effect> effects;
    private final Consumer<String> complaints;
    private final Supplier<String> date;

    /** @param date the value of the header Date, unless a fault sets it */
    Delivery(HttpExchange exchange, List<Fault.Effect> effects, Consumer<String> complaints, Supplier<String> date) {
        this.exchange = exchange;
        this.effects = effects;
        this.complaints = complaints;
        this.date = date;
    }

    /** Closing an exchange without a response closes the connection, so drop() and loseAnswer() just return. */
    void deliver(Supplier<Answer> processing) throws IOException {
        for (Fault.Effect effect : effects) {
            if (effect instanceof Fault.DelayBefore before) {
                sleep(before.delay());
            } else if (effect instanceof Fault.DropRequest) {
                return;
            }
        }
        Answer answer = replaced(processing);
        for (Fault.Effect effect : effects) {
            if (effect instanceof Fault.DelayAfter after) {
                sleep(after.delay());
            }
        }
        byte[] body = edited(answer);
        for (Fault.Effect effect : effects) {
            if (effect instanceof Fault.LoseAnswer) {
                return;
            }
        }
        send(answer, body);
    }

    private Answer replaced(Supplier<Answer> processing) {
        Answer replacement = null;
        boolean process = true;
        for (Fault.Effect effect : effects) {
            if (effect instanceof Fault.Respond respond) {
                replacement = Answer.text(respond.status(), respond.contentType(), respond.body());
                process = respond.process();
            }
        }
        Answer real = process ? processing.get() : null;
        Answer answer = replacement == null ? real : replacement;
        for (Fault.Effect effect : effects) {
            if (effect instanceof Fault.Status status) {
                answer = answer.withStatus(status.status());
            }
        }
        return answer;
    }

    private byte[] edited(Answer answer) {
        for (Fault.Effect effect : effects) {
            if (effect instanceof Fault.SetMember set) {
                members(answer).put(set.name(), set.value());
            } else if (effect instanceof Fault.RemoveMember remove) {
                members(answer).remove(remove.name());
            } else if (effect instanceof Fault.Header header) {
                answer.headers().put(header.name(), header.value());
            } else if (effect instanceof Fault.RemoveHeader header) {
                answer.headers().remove(header.name());
            }
        }
        byte[] body = answer.bytes();
        for (Fault.Effect effect : effects) {
            if (effect instanceof Fault.Rewrite rewrite) {
                body = rewrite.bytes().apply(body);
            }
        }
        return body;
    }

    private Map<String, Object> members(Answer answer) {
        Map<String, Object> members = answer.members();
        if (members == null) {
            complaints.accept("fault edits an answer that is no JSON object: "
                    + exchange.getRequestURI().getRawPath());
            throw new IllegalStateException("not a JSON object");
        }
        return members;
    }

    private void send(Answer answer, byte[] body) throws IOException {
        answer.headers().forEach((name, value) -> exchange.getResponseHeaders().set(name, value));
        exchange.getResponseHeaders().set("Date", date.get()); // does nothing if a fault set it
        for (Fault.Effect effect : effects) {
            if (effect instanceof Fault.Truncate truncate) {
                exchange.sendResponseHeaders(answer.status(), body.length == 0 ? 1 : body.length);
                write(Arrays.copyOf(body, Math.min(truncate.bytes(), Math.max(body.length - 1, 0))));
                return;
            } else if (effect instanceof Fault.Drip drip) {
                exchange.sendResponseHeaders(answer.status(), CHUNKED);
                drip(body, drip);
                answered();
                return;
            } else if (effect instanceof Fault.Endless) {
                exchange.sendResponseHeaders(answer.status(), CHUNKED);
                write(body);
                byte[] spaces = new byte[8192];
                Arrays.fill(spaces, (byte) ' ');
                while (true) {
                    write(spaces);
                }
            }
        }
        exchange.sendResponseHeaders(answer.status(), body.length == 0 ? NO_BODY : body.length);
        if (body.length > 0) {
            write(body);
        }
        answered();
    }

    private void answered() {
        for (Fault.Effect effect : effects) {
            if (effect instanceof Fault.WhenAnswered then) {
                then.action().run();
            }
        }
    }

    private void drip(byte[] body, Fault.Drip drip) throws IOException {
        for (int i = 0; i < body.length || drip.forever(); i++) {
            write(new byte[] {i < body.length ? body[i] : (byte) ' '});
            sleep(drip.pause());
        }
    }

    private void write(byte[] bytes) throws IOException {
        OutputStream out = exchange.getResponseBody();
        out.write(bytes);
        out.flush();
    }

    private static void sleep(Duration duration) {
        try {
            Thread.sleep(duration.toMillis());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("issuer closed", e);
        }
    }

    static byte[] withByteOrderMark(byte[] body) {
        byte[] marked = new byte[body.length + 3];
        marked[0] = (byte) 0xEF;
        marked[1] = (byte) 0xBB;
        marked[2] = (byte) 0xBF;
        System.arraycopy(body, 0, marked, 3, body.length);
        return marked;
    }

    static byte[] gzip(byte[] body) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (GZIPOutputStream gzip = new GZIPOutputStream(out)) {
            gzip.write(body);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return out.toByteArray();
    }
}
