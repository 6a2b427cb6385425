package org.opensciencegrid.testkit;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;

/**
 * A failure that a test configures: {@code Fault.on("/token").grant("refresh_token").times(2).loseAnswer()}. Effects
 * add up, for example {@code .set("expires_in", "soon").bom().delayAfter(...)}. A path that ends in {@code *} matches
 * all paths that start with the text before it.
 *
 * @param grant only requests with this grant_type; null for all
 * @param skip how many matching requests succeed first
 * @param times how many requests are affected
 */
public record Fault(String path, String grant, int skip, int times, List<Effect> effects) {

    /** One effect on a request. */
    public sealed interface Effect {}

    record DelayBefore(Duration delay) implements Effect {}

    record DelayAfter(Duration delay) implements Effect {}

    record DropRequest() implements Effect {}

    /** Replaces the response; {@code process} is whether the issuer still processes the request. */
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

    /** Applies to the next request to a path. */
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

    /** Closes the connection without processing the request. */
    public Fault drop() {
        return and(new DropRequest());
    }

    /** Processes the request and closes the connection instead of answering. */
    public Fault loseAnswer() {
        return and(new LoseAnswer());
    }

    /** Sends this response without processing the request. contentType and body may be null. */
    public Fault respond(int status, String contentType, String body) {
        return and(new Respond(status, contentType, body, false));
    }

    /** Processes the request but sends this response, like a gateway after a timeout. */
    public Fault respondAfterProcessing(int status, String contentType, String body) {
        return and(new Respond(status, contentType, body, true));
    }

    /** Redirects without processing the request. */
    public Fault redirect(int status, String location) {
        return respond(status, null, null).header("Location", location);
    }

    /** The real response with another status. */
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

    /** Adds or replaces a member of the real response, which still contains a rotated token. See {@link Json#raw}. */
    public Fault set(String member, Object value) {
        return and(new SetMember(member, value));
    }

    /** Removes a member of the real response. */
    public Fault remove(String member) {
        return and(new RemoveMember(member));
    }

    /** Changes the bytes of the real response; Content-Length is adjusted. */
    public Fault rewrite(UnaryOperator<byte[]> change) {
        return and(new Rewrite(change));
    }

    /** Puts a byte order mark before the real response. */
    public Fault bom() {
        return rewrite(Delivery::withByteOrderMark);
    }

    /** Compresses the real response, even if the request does not accept it. */
    public Fault gzip() {
        return header("Content-Encoding", "gzip").rewrite(Delivery::gzip);
    }

    /** Announces the length of the real response, sends this many bytes of it and closes the connection. */
    public Fault truncate(int bytes) {
        return and(new Truncate(bytes));
    }

    /** Sends the real response byte by byte. */
    public Fault drip(Duration pause) {
        return and(new Drip(pause, false));
    }

    /** Sends the real response byte by byte, then spaces without end. */
    public Fault dripForever(Duration pause) {
        return and(new Drip(pause, true));
    }

    /** Sends the real response, then spaces as fast as possible, without end. */
    public Fault endless() {
        return and(new Endless());
    }

    /** No failure: runs the action after the last byte of the real response was sent. */
    public Fault whenAnswered(Runnable action) {
        return and(new WhenAnswered(action));
    }

    private Fault and(Effect effect) {
        List<Effect> more = new ArrayList<>(effects);
        more.add(effect);
        return new Fault(path, grant, skip, times, more);
    }
}
