package org.opensciencegrid.tokenrenewer.oidc;

import com.nimbusds.oauth2.sdk.device.DeviceAuthorizationRequest;
import com.nimbusds.oauth2.sdk.device.DeviceCode;
import com.nimbusds.oauth2.sdk.device.DeviceCodeGrant;
import com.nimbusds.oauth2.sdk.http.HTTPRequest;
import java.net.URI;
import java.net.URISyntaxException;
import java.time.Clock;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import org.opensciencegrid.tokenrenewer.json.Json;
import org.opensciencegrid.tokenrenewer.net.HttpResponse;
import org.opensciencegrid.tokenrenewer.net.IssuerException;
import org.opensciencegrid.tokenrenewer.net.IssuerException.Kind;
import org.opensciencegrid.tokenrenewer.net.Sleeper;
import org.opensciencegrid.tokenrenewer.net.Transport;
import org.opensciencegrid.tokenrenewer.util.Printable;
import org.opensciencegrid.tokenrenewer.util.Secret;

/** The device authorization grant (RFC 8628): the user approves in a browser, and this program polls. */
public final class DeviceFlow {
    /**
     * What to show to the user.
     *
     * @param verificationUriComplete as the issuer sent it, if it is safe to show. Never built from the other two,
     *     because its parameter name differs between servers
     * @param expiresIn how long the code is valid
     */
    public record Prompt(
            Secret deviceCode,
            String userCode,
            URI verificationUri,
            Optional<URI> verificationUriComplete,
            Duration expiresIn,
            Duration interval) {}

    /** The result of the last poll, to show to the user. */
    public enum Poll {
        PENDING,
        /** The issuer wants fewer polls. */
        SLOW_DOWN,
        /** The connection failed or there was no response. The poll is repeated. */
        NO_RESPONSE,
        /** The issuer has an internal error. The poll is repeated. */
        SERVER_ERROR
    }

    /** MITREid omits expires_in although RFC 8628 requires it. */
    private static final int DEFAULT_EXPIRES_IN = 600;

    private static final int DEFAULT_INTERVAL = 5; // RFC 8628 section 3.2

    /** One server counts whole seconds and rejects a poll at exactly the interval as too fast. */
    private static final Duration POLL_MARGIN = Duration.ofMillis(100);

    private static final Duration SLOW_DOWN = Duration.ofSeconds(5); // RFC 8628 section 3.5
    private static final Duration MAX_INTERVAL = Duration.ofMinutes(1);
    private static final Duration MAX_LIFETIME = Duration.ofDays(1);

    private final Transport transport;
    private final Clock clock;
    private final Sleeper sleeper;

    public DeviceFlow(Transport transport, Clock clock, Sleeper sleeper) {
        this.transport = transport;
        this.clock = clock;
        this.sleeper = sleeper;
    }

    /**
     * Requests a code. Audiences must be included here, because some issuers later grant only what this request named.
     */
    public Prompt start(URI endpoint, Client client, RequestedToken requested) throws IssuerException {
        var builder = client.nimbus()
                .map(DeviceAuthorizationRequest.Builder::new)
                .orElseGet(() -> new DeviceAuthorizationRequest.Builder(client.nimbusId()))
                .endpointURI(endpoint)
                .scope(requested.nimbusScope());
        requested.audienceParameters().forEach(builder::customParameter);
        HTTPRequest request = client.addClientAuthentication(builder.build().toHTTPRequest());
        HttpResponse response = transport.send(request);
        if (!response.isSuccess() || !response.complete()) {
            throw ErrorResponse.of(endpoint, response, client.secretsWith());
        }
        return prompt(endpoint, response, client);
    }

    static Prompt prompt(URI endpoint, HttpResponse response, Client client) throws IssuerException {
        Optional<Map<String, Object>> body = response.json();
        if (body.isEmpty() || body.get().get("error") != null) { // GitHub reports errors with status 200
            throw ErrorResponse.of(endpoint, response, client.secretsWith());
        }
        Map<String, Object> json = new LinkedHashMap<>(body.get());
        if (json.get("verification_url") instanceof String old) { // the name in drafts of RFC 8628
            json.putIfAbsent("verification_uri", old);
        }
        return new Prompt(
                Secret.of(requiredMember(endpoint, json, "device_code")),
                Printable.of(requiredMember(endpoint, json, "user_code")),
                link(requiredMember(endpoint, json, "verification_uri"))
                        .orElseThrow(() -> invalidResponse(
                                endpoint,
                                "an unfit verification_uri, '"
                                        + Printable.of(Json.string(json, "verification_uri")
                                                .orElse(""))
                                        + "', where an https URL belongs")),
                Json.string(json, "verification_uri_complete").flatMap(DeviceFlow::link),
                Duration.ofSeconds(seconds(json, "expires_in", 1, DEFAULT_EXPIRES_IN)),
                Duration.ofSeconds(Math.max(1, seconds(json, "interval", 0, DEFAULT_INTERVAL))));
    }

    /** Several issuers send a string such as "600". An invalid value is treated as absent. */
    private static long seconds(Map<String, Object> json, String name, long min, long defaultSeconds) {
        long seconds = Json.number(json, name).filter(sent -> sent >= min).orElse(defaultSeconds);
        return Math.min(seconds, MAX_LIFETIME.toSeconds());
    }

    private static String requiredMember(URI endpoint, Map<String, Object> json, String name) throws IssuerException {
        return Json.string(json, name)
                .or(() -> Json.number(json, name).map(String::valueOf)) // a user_code may be a number
                .filter(text -> !text.isBlank())
                .orElseThrow(() -> invalidResponse(endpoint, "no " + name));
    }

    private static IssuerException invalidResponse(URI endpoint, String what) {
        String message = Transport.hostAndPort(endpoint) + " answered the request for a code with " + what;
        return new IssuerException(Kind.REFUSED, message, 200, "", Optional.empty());
    }

    /** A link that is safe to show; otherwise empty. */
    private static Optional<URI> link(String text) {
        try {
            return Optional.of(new URI(text)).filter(Transport::isSafeToShow);
        } catch (URISyntaxException e) {
            return Optional.empty();
        }
    }

    /**
     * Polls until the user has decided. Never polls again after a success, because issuers revoke the tokens of a
     * device code that is used twice.
     *
     * @param onPoll called after each poll that was not the last
     * @throws IssuerException DENIED, EXPIRED, or another error of the issuer
     */
    public TokenResponse await(
            URI tokenEndpoint, Client client, Prompt prompt, RequestedToken requested, Consumer<Poll> onPoll)
            throws IssuerException {
        DeviceCodeGrant grant =
                new DeviceCodeGrant(new DeviceCode(prompt.deviceCode().reveal()));
        RequestedToken poll = new RequestedToken(List.of(), firstOfSeveral(requested), requested.audienceParameter());
        Duration interval = prompt.interval();
        Duration end = sleeper.elapsed().plus(prompt.expiresIn());
        boolean inDoubt = false;
        while (!isLast(interval, end)) {
            sleeper.sleep(interval.plus(POLL_MARGIN));
            HttpResponse response;
            try {
                response = transport.send(TokenClient.request(tokenEndpoint, client, grant, poll));
            } catch (IssuerException e) {
                if (e.kind() != Kind.NO_ANSWER && e.kind() != Kind.UNREACHABLE) {
                    throw e;
                }
                inDoubt |= e.leavesDoubt();
                interval = backOff(interval); // RFC 8628 section 3.5: back off when the connection times out
                onPoll.accept(Poll.NO_RESPONSE);
                continue;
            }
            Optional<TokenResponse> token = TokenResponse.of(response, clock);
            if (token.isPresent()) {
                return token.get();
            }
            IssuerException error = ErrorResponse.of(tokenEndpoint, response, client.secretsWith(prompt.deviceCode()));
            if (response.isSuccess() && error.code().isEmpty() && !response.isPage()) {
                throw error; // truncated or malformed: the code is used up anyway
            }
            inDoubt |= error.leavesDoubt();
            if (error.code().equals("invalid_grant") && !inDoubt && isLast(interval, end)) {
                break; // oidc-provider deletes expired codes, and does not know the code of a late poll
            }
            interval = nextInterval(error.afterDoubt(inDoubt), interval);
            onPoll.accept(poll(error));
        }
        throw new IssuerException(
                Kind.EXPIRED,
                "the code was not approved within " + prompt.expiresIn().toMinutes() + " min");
    }

    /** Whether the code expires before another poll. */
    private boolean isLast(Duration interval, Duration end) {
        return sleeper.elapsed().plus(interval).compareTo(end) >= 0;
    }

    /**
     * If several resources were granted and a poll names none, oidc-provider returns an error and the code is used up.
     */
    private static List<String> firstOfSeveral(RequestedToken requested) {
        return requested.audience().size() > 1 ? requested.audience().subList(0, 1) : List.of();
    }

    private static Poll poll(IssuerException error) {
        return switch (error.code()) {
            case "authorization_pending", "consent_required" -> Poll.PENDING;
            case "slow_down" -> Poll.SLOW_DOWN;
            default -> Poll.SERVER_ERROR;
        };
    }

    /** Returns the interval until the next poll, or throws at the end. */
    private static Duration nextInterval(IssuerException error, Duration interval) throws IssuerException {
        return switch (error.code()) {
            case "authorization_pending", "consent_required" -> interval; // consent_required: OA4MP
            case "slow_down" -> interval.plus(SLOW_DOWN);
            // authorization_declined: Microsoft Entra
            case "access_denied", "authorization_declined" ->
                throw new IssuerException(Kind.DENIED, error.getMessage());
            case "expired_token" -> throw new IssuerException(Kind.EXPIRED, error.getMessage());
            default ->
                switch (error.kind()) {
                    case TEMPORARY, WEB_PAGE, NO_ANSWER, UNUSABLE_ANSWER -> backOff(interval);
                    default -> throw error;
                };
        };
    }

    private static Duration backOff(Duration interval) {
        Duration doubled = interval.multipliedBy(2);
        Duration max = interval.compareTo(MAX_INTERVAL) > 0 ? interval : MAX_INTERVAL;
        return doubled.compareTo(max) > 0 ? max : doubled;
    }
}
