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
        NOT_YET,
        /** The issuer wants fewer polls. */
        SLOW_DOWN,
        /** The connection failed or there was no response. The poll is repeated. */
        NO_ANSWER,
        /** The issuer has an internal error. The poll is repeated. */
        TROUBLE
    }

    /** MITREid omits expires_in although RFC 8628 requires it. */
    private static final int DEFAULT_EXPIRES_IN = 600;

    private static final int DEFAULT_INTERVAL = 5; // RFC 8628 section 3.2

    /** One server counts whole seconds and rejects a poll at exactly the interval as too fast. */
    private static final Duration A_LITTLE = Duration.ofMillis(100);

    private static final Duration SLOW_DOWN = Duration.ofSeconds(5); // RFC 8628 section 3.5
    private static final Duration LONGEST_INTERVAL = Duration.ofMinutes(1);
    private static final Duration LONGEST_LIFE = Duration.ofDays(1);

    private final Transport transport;
    private final Clock clock;
    private final Sleeper pause;

    public DeviceFlow(Transport transport, Clock clock, Sleeper pause) {
        this.transport = transport;
        this.clock = clock;
        this.pause = pause;
    }

    /**
     * Requests a code. Audiences must be included here, because some issuers later grant only what this request named.
     */
    public Prompt start(URI endpoint, Client client, RequestedToken wanted) throws IssuerException {
        var builder = client.nimbus()
                .map(DeviceAuthorizationRequest.Builder::new)
                .orElseGet(() -> new DeviceAuthorizationRequest.Builder(client.nimbusId()))
                .endpointURI(endpoint)
                .scope(wanted.nimbusScope());
        wanted.audienceParameters().forEach(builder::customParameter);
        HTTPRequest request = client.finish(builder.build().toHTTPRequest());
        HttpResponse answer = transport.send(request);
        if (!answer.isSuccess() || !answer.complete()) {
            throw ErrorResponse.of(Transport.hostAndPort(endpoint), answer, TokenClient.with(client, List.of()));
        }
        return prompt(endpoint, answer, client);
    }

    static Prompt prompt(URI endpoint, HttpResponse answer, Client client) throws IssuerException {
        Optional<Map<String, Object>> said = answer.json();
        if (said.isEmpty() || said.get().get("error") != null) { // GitHub reports errors with status 200
            throw ErrorResponse.of(Transport.hostAndPort(endpoint), answer, TokenClient.with(client, List.of()));
        }
        Map<String, Object> json = new LinkedHashMap<>(said.get());
        if (json.get("verification_url") instanceof String old) { // the name in drafts of RFC 8628
            json.putIfAbsent("verification_uri", old);
        }
        return new Prompt(
                Secret.of(needed(endpoint, json, "device_code")),
                Printable.of(needed(endpoint, json, "user_code")),
                link(needed(endpoint, json, "verification_uri"))
                        .orElseThrow(() -> unfit(
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
    private static long seconds(Map<String, Object> json, String name, long least, long otherwise) {
        long seconds = Json.number(json, name).filter(said -> said >= least).orElse(otherwise);
        return Math.min(seconds, LONGEST_LIFE.toSeconds());
    }

    private static String needed(URI endpoint, Map<String, Object> json, String name) throws IssuerException {
        return Json.string(json, name)
                .or(() -> Json.number(json, name).map(String::valueOf)) // a user_code may be a number
                .filter(text -> !text.isBlank())
                .orElseThrow(() -> unfit(endpoint, "no " + name));
    }

    private static IssuerException unfit(URI endpoint, String what) {
        String message = Transport.hostAndPort(endpoint) + " answered the request for a code with " + what;
        return new IssuerException(Kind.REFUSED, message, 200, "", Optional.empty());
    }

    /** A link that is safe to show; otherwise empty. */
    private static Optional<URI> link(String text) {
        try {
            return Optional.of(new URI(text)).filter(Transport::isSafeForPeople);
        } catch (URISyntaxException e) {
            return Optional.empty();
        }
    }

    /**
     * Polls until the user has decided. Never polls again after a success, because issuers revoke the tokens of a
     * device code that is used twice.
     *
     * @throws IssuerException DENIED, EXPIRED, or another error of the issuer
     */
    public TokenResponse await(URI tokenEndpoint, Client client, Prompt prompt, RequestedToken wanted)
            throws IssuerException {
        return await(tokenEndpoint, client, prompt, wanted, poll -> {});
    }

    /**
     * Like {@link #await(URI, Client, Prompt, RequestedToken)}.
     *
     * @param told called after each poll that was not the last
     */
    public TokenResponse await(
            URI tokenEndpoint, Client client, Prompt prompt, RequestedToken wanted, Consumer<Poll> told)
            throws IssuerException {
        DeviceCodeGrant grant =
                new DeviceCodeGrant(new DeviceCode(prompt.deviceCode().reveal()));
        RequestedToken poll = new RequestedToken(List.of(), firstOfSeveral(wanted), wanted.audienceParameter());
        Duration interval = prompt.interval();
        Duration end = pause.elapsed().plus(prompt.expiresIn());
        boolean lost = false;
        while (!isLast(interval, end)) {
            pause.sleep(interval.plus(A_LITTLE));
            HttpResponse answer;
            try {
                answer = transport.send(TokenClient.request(tokenEndpoint, client, grant, poll));
            } catch (IssuerException e) {
                if (e.kind() != Kind.NO_ANSWER && e.kind() != Kind.UNREACHABLE) {
                    throw e;
                }
                lost |= e.leavesDoubt();
                interval = longer(interval); // RFC 8628 section 3.5: back off when the connection times out
                told.accept(Poll.NO_ANSWER);
                continue;
            }
            Optional<TokenResponse> token = TokenResponse.of(answer, clock);
            if (token.isPresent()) {
                return token.get();
            }
            IssuerException refusal = ErrorResponse.of(
                    Transport.hostAndPort(tokenEndpoint),
                    answer,
                    TokenClient.with(client, List.of(prompt.deviceCode())));
            if (answer.isSuccess() && refusal.code().isEmpty() && !answer.isPage()) {
                throw refusal; // truncated or malformed: the code is used up anyway
            }
            lost |= refusal.leavesDoubt();
            if (refusal.code().equals("invalid_grant") && !lost && isLast(interval, end)) {
                break; // oidc-provider deletes expired codes, and does not know the code of a late poll
            }
            interval = next(refusal.afterDoubt(lost), interval);
            told.accept(poll(refusal));
        }
        throw new IssuerException(
                Kind.EXPIRED,
                "the code was not approved within " + prompt.expiresIn().toMinutes() + " min");
    }

    /** Whether the code expires before another poll. */
    private boolean isLast(Duration interval, Duration end) {
        return pause.elapsed().plus(interval).compareTo(end) >= 0;
    }

    /**
     * If several resources were granted and a poll names none, oidc-provider returns an error and the code is used up.
     */
    private static List<String> firstOfSeveral(RequestedToken wanted) {
        return wanted.audience().size() > 1 ? wanted.audience().subList(0, 1) : List.of();
    }

    private static Poll poll(IssuerException refusal) {
        return switch (refusal.code()) {
            case "authorization_pending", "consent_required" -> Poll.NOT_YET;
            case "slow_down" -> Poll.SLOW_DOWN;
            default -> Poll.TROUBLE;
        };
    }

    /** Returns the interval until the next poll, or throws at the end. */
    private static Duration next(IssuerException refusal, Duration interval) throws IssuerException {
        return switch (refusal.code()) {
            case "authorization_pending", "consent_required" -> interval; // consent_required: OA4MP
            case "slow_down" -> interval.plus(SLOW_DOWN);
            case "access_denied", "authorization_declined" ->
                throw // authorization_declined is from Microsoft Entra
                new IssuerException(Kind.DENIED, refusal.getMessage());
            case "expired_token" -> throw new IssuerException(Kind.EXPIRED, refusal.getMessage());
            default -> {
                boolean passes = switch (refusal.kind()) {
                    case TEMPORARY, WEB_PAGE, NO_ANSWER, UNUSABLE_ANSWER -> true;
                    default -> false;
                };
                if (!passes) {
                    throw refusal;
                }
                yield longer(interval);
            }
        };
    }

    private static Duration longer(Duration interval) {
        Duration twice = interval.multipliedBy(2);
        Duration most = interval.compareTo(LONGEST_INTERVAL) > 0 ? interval : LONGEST_INTERVAL;
        return twice.compareTo(most) > 0 ? most : twice;
    }
}
