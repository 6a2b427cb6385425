package org.opensciencegrid.tokenrenewer.issuer;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;

/**
 * Something that goes wrong on the way, on purpose: {@code Fault.on("/token").grant("refresh_token").times(2).loseAnswer()}.
 * Effects add up, for example {@code .set("expires_in", "soon").bom().delayAfter(...)}. A path that ends in {@code *}
 * means all that start so.
 *
 * @param grant only requests with this grant_type; null for all
 * @param skip how many matching requests go through first
 * @param times how many requests are hit
 */
public record Fault(String path, String grant, int skip, int times, List<Effect> effects) {

    /** What happens to one request. */
    public sealed interface Effect {}

    record DelayBefore(Duration delay) implements Effect {}

    record DelayAfter(Duration delay) implements Effect {}

    record DropRequest() implements Effect {}

    /** Replaces the answer; {@code process} tells whether the issuer does the work all the same. */
    record Respond(int status, String contentType, String body, boolean process) implements Effect {}

    record Status(int status) implements Effect {}

    record Header(String name, String value) implements Effect {}

    record RemoveHeader(String name) implements Effect {}

    record SetMember(String name, Object value) implements Effect {}

    record RemoveMember(String name) implements Effect {}

    record Rewrite(UnaryOperator<byte[]> bytes) implements Effect {}

    record LoseAnswer() implements Effect {}

    record Truncate(int bytes) implements Effect {}

    record Drip(Duration pause, boolean forever) implements Effect {}

    record Endless() implements Effect {}

    record WhenAnswered(Runnable action) implements Effect {}

    public Fault {
        effects = List.copyOf(effects);
    }

    /** Hits the next request to a path. */
    public static Fault on(String path) {
        return new Fault(path, null, 0, 1, List.of());
    }

    public Fault grant(String grantType) {
        return new Fault(path, grantType, skip, times, effects);
    }

    public Fault after(int requests) {
        return new Fault(path, grant, requests, times, effects);
    }

    public Fault times(int requests) {
        return new Fault(path, grant, skip, requests, effects);
    }

    public Fault always() {
        return times(Integer.MAX_VALUE);
    }

    /** Waits before the request is processed. */
    public Fault delayBefore(Duration delay) {
        return and(new DelayBefore(delay));
    }

    /** Processes the request, then waits before answering. */
    public Fault delayAfter(Duration delay) {
        return and(new DelayAfter(delay));
    }

    /** Closes the connection; the request is not processed. */
    public Fault drop() {
        return and(new DropRequest());
    }

    /** Processes the request and closes the connection instead of answering. */
    public Fault loseAnswer() {
        return and(new LoseAnswer());
    }

    /** Answers this; the request is not processed. contentType and body may be null. */
    public Fault respond(int status, String contentType, String body) {
        return and(new Respond(status, contentType, body, false));
    }

    /** Processes the request and answers this instead: a gateway that gave up. */
    public Fault respondAfterProcessing(int status, String contentType, String body) {
        return and(new Respond(status, contentType, body, true));
    }

    /** Answers with a redirect; the request is not processed. */
    public Fault redirect(int status, String location) {
        return respond(status, null, null).header("Location", location);
    }

    /** The real answer under another status. */
    public Fault status(int status) {
        return and(new Status(status));
    }

    public Fault header(String name, String value) {
        return and(new Header(name, value));
    }

    public Fault contentType(String value) {
        return header(Answer.CONTENT_TYPE, value);
    }

    public Fault noContentType() {
        return and(new RemoveHeader(Answer.CONTENT_TYPE));
    }

    /** Adds or overrides a member of the real answer, which so carries a really rotated token. See {@link Json#raw}. */
    public Fault set(String member, Object value) {
        return and(new SetMember(member, value));
    }

    /** Removes a member of the real answer. */
    public Fault remove(String member) {
        return and(new RemoveMember(member));
    }

    /** Changes the bytes of the real answer; Content-Length follows. */
    public Fault rewrite(UnaryOperator<byte[]> change) {
        return and(new Rewrite(change));
    }

    /** The real answer with a byte order mark before it. */
    public Fault bom() {
        return rewrite(Delivery::withByteOrderMark);
    }

    /** The real answer compressed, whether asked for or not. */
    public Fault gzip() {
        return header("Content-Encoding", "gzip").rewrite(Delivery::gzip);
    }

    /** Promises the whole real answer, sends so many bytes of it and closes the connection. */
    public Fault truncate(int bytes) {
        return and(new Truncate(bytes));
    }

    /** The real answer byte by byte. */
    public Fault drip(Duration pause) {
        return and(new Drip(pause, false));
    }

    /** The real answer byte by byte, then spaces, without end. */
    public Fault dripForever(Duration pause) {
        return and(new Drip(pause, true));
    }

    /** The real answer, then spaces as fast as they can be sent, without end. */
    public Fault endless() {
        return and(new Endless());
    }

    /** Does no harm: runs the action when the last byte of the real answer has been sent. */
    public Fault whenAnswered(Runnable action) {
        return and(new WhenAnswered(action));
    }

    private Fault and(Effect effect) {
        List<Effect> more = new ArrayList<>(effects);
        more.add(effect);
        return new Fault(path, grant, skip, times, more);
    }
}
