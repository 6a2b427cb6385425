package org.opensciencegrid.tokenrenewer.oidc;

import com.nimbusds.oauth2.sdk.ParseException;
import com.nimbusds.oauth2.sdk.device.DeviceAuthorizationRequest;
import com.nimbusds.oauth2.sdk.device.DeviceAuthorizationSuccessResponse;
import com.nimbusds.oauth2.sdk.device.DeviceCode;
import com.nimbusds.oauth2.sdk.device.DeviceCodeGrant;
import com.nimbusds.oauth2.sdk.http.HTTPRequest;
import java.net.URI;
import java.time.Clock;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Consumer;
import net.minidev.json.JSONObject;
import org.opensciencegrid.tokenrenewer.oidc.OidcException.Kind;
import org.opensciencegrid.tokenrenewer.text.Json;
import org.opensciencegrid.tokenrenewer.text.Printable;
import org.opensciencegrid.tokenrenewer.text.Secret;

/** The device authorization grant (RFC 8628): a person approves in a browser elsewhere, and we poll. */
public final class DeviceFlow {
    /**
     * What to show a person.
     *
     * @param verificationUriComplete as the issuer gave it; never built from the other two, as servers differ in the name
     *     of its parameter
     * @param expiresIn how long the code can be used
     */
    public record Prompt(
            Secret deviceCode,
            String userCode,
            URI verificationUri,
            Optional<URI> verificationUriComplete,
            Duration expiresIn,
            Duration interval) {}

    /** How the last poll ended, for the person who waits. */
    public enum Poll {
        NOT_YET,
        /** The issuer wants to be asked less often. */
        SLOW_DOWN,
        /** The connection failed or nothing came back; it is asked again. */
        NO_ANSWER,
        /** The issuer has an error of its own; it is asked again. */
        TROUBLE
    }

    /** MITREid names no expires_in although RFC 8628 demands it. */
    private static final int DEFAULT_EXPIRES_IN = 600;

    /** One server counts whole seconds and takes a poll at the exact interval for one too fast. */
    private static final Duration A_LITTLE = Duration.ofMillis(100);

    private static final Duration SLOW_DOWN = Duration.ofSeconds(5); // RFC 8628 section 3.5
    private static final Duration LONGEST_INTERVAL = Duration.ofMinutes(1);
    private static final Duration LONGEST_LIFE = Duration.ofDays(1);

    private final Transport transport;
    private final Clock clock;
    private final Pause pause;

    public DeviceFlow(Transport transport, Clock clock, Pause pause) {
        this.transport = transport;
        this.clock = clock;
        this.pause = pause;
    }

    /** Asks for a code. Audiences must be named here already: some issuers grant later only what was asked now. */
    public Prompt start(URI endpoint, Client client, Wanted wanted) throws OidcException {
        var builder = client.nimbus()
                .map(DeviceAuthorizationRequest.Builder::new)
                .orElseGet(() -> new DeviceAuthorizationRequest.Builder(client.nimbusId()))
                .endpointURI(endpoint)
                .scope(wanted.nimbusScope());
        wanted.audienceParameters().forEach(builder::customParameter);
        HTTPRequest request = client.finish(builder.build().toHTTPRequest());
        if (!request.getBody().contains("client_id=")) {
            // INDIGO IAM and MITREid answer 400 without it, even when Basic names the client.
            request.setBody(request.getBody() + (request.getBody().isEmpty() ? "" : "&") + "client_id="
                    + java.net.URLEncoder.encode(client.id(), java.nio.charset.StandardCharsets.UTF_8));
        }
        Answer answer = transport.send(request);
        if (!answer.isSuccess() || !answer.complete()) {
            throw Refusal.of(Transport.where(endpoint), answer, TokenClient.with(client, List.of()));
        }
        return prompt(endpoint, answer, client);
    }

    static Prompt prompt(URI endpoint, Answer answer, Client client) throws OidcException {
        Map<String, Object> json = new LinkedHashMap<>(answer.json().orElse(Map.of()));
        json.values().removeIf(Objects::isNull);
        json.putIfAbsent("expires_in", DEFAULT_EXPIRES_IN);
        for (String name : List.of("expires_in", "interval")) { // several issuers send "600"
            Json.number(json, name).ifPresent(seconds -> json.put(name, Math.min(seconds, LONGEST_LIFE.toSeconds())));
        }
        if (json.get("verification_url") instanceof String old) { // the name in drafts of RFC 8628
            json.putIfAbsent("verification_uri", old);
        }
        try {
            var parsed = DeviceAuthorizationSuccessResponse.parse(new JSONObject(json));
            Transport.requireSafe(parsed.getVerificationURI());
            Optional<URI> complete = Optional.ofNullable(parsed.getVerificationURIComplete());
            if (complete.isPresent()) {
                Transport.requireSafe(complete.get());
            }
            return new Prompt(
                    Secret.of(parsed.getDeviceCode().getValue()),
                    Printable.of(parsed.getUserCode().getValue()),
                    parsed.getVerificationURI(),
                    complete,
                    Duration.ofSeconds(parsed.getLifetime()),
                    Duration.ofSeconds(Math.max(1, parsed.getInterval())));
        } catch (ParseException | RuntimeException e) {
            throw Refusal.of(Transport.where(endpoint), answer, TokenClient.with(client, List.of()));
        }
    }

    /**
     * Polls until the person has decided, and never after the first success: a replayed device code makes issuers revoke
     * what they gave.
     *
     * @throws OidcException DENIED, EXPIRED, or what the issuer refused
     */
    public TokenAnswer await(URI tokenEndpoint, Client client, Prompt prompt, Wanted wanted) throws OidcException {
        return await(tokenEndpoint, client, prompt, wanted, poll -> {});
    }

    /**
     * As the other.
     *
     * @param told hears of each poll that did not end it
     */
    public TokenAnswer await(URI tokenEndpoint, Client client, Prompt prompt, Wanted wanted, Consumer<Poll> told)
            throws OidcException {
        DeviceCodeGrant grant =
                new DeviceCodeGrant(new DeviceCode(prompt.deviceCode().reveal()));
        Wanted poll = new Wanted(List.of(), firstOfSeveral(wanted), wanted.audienceParameter());
        Duration interval = prompt.interval();
        Duration end = pause.elapsed().plus(prompt.expiresIn());
        boolean lost = false;
        while (pause.elapsed().plus(interval).compareTo(end) < 0) {
            pause.sleep(interval.plus(A_LITTLE));
            Answer answer;
            try {
                answer = transport.send(TokenClient.request(tokenEndpoint, client, grant, poll));
            } catch (OidcException e) {
                if (e.kind() != Kind.NO_ANSWER && e.kind() != Kind.UNREACHABLE) {
                    throw e;
                }
                lost |= e.leavesDoubt();
                interval = longer(interval); // RFC 8628 section 3.5: back off when the connection times out
                told.accept(Poll.NO_ANSWER);
                continue;
            }
            Optional<TokenAnswer> token = TokenAnswer.of(answer, clock);
            if (token.isPresent()) {
                return token.get();
            }
            OidcException refusal = Refusal.of(
                    Transport.where(tokenEndpoint), answer, TokenClient.with(client, List.of(prompt.deviceCode())));
            if (answer.isSuccess() && refusal.code().isEmpty() && !answer.isPage()) {
                throw refusal; // cut short or odd: the code is used up all the same
            }
            lost |= refusal.leavesDoubt();
            interval = next(refusal.afterDoubt(lost), interval);
            told.accept(poll(refusal));
        }
        throw new OidcException(
                Kind.EXPIRED,
                "the code was not approved within " + prompt.expiresIn().toMinutes() + " min");
    }

    /** oidc-provider uses the code up with an error when several resources were granted and the poll names none. */
    private static List<String> firstOfSeveral(Wanted wanted) {
        return wanted.audience().size() > 1 ? wanted.audience().subList(0, 1) : List.of();
    }

    private static Poll poll(OidcException refusal) {
        return switch (refusal.code()) {
            case "authorization_pending", "consent_required" -> Poll.NOT_YET;
            case "slow_down" -> Poll.SLOW_DOWN;
            default -> Poll.TROUBLE;
        };
    }

    /** The interval until the next poll, or the end. */
    private static Duration next(OidcException refusal, Duration interval) throws OidcException {
        return switch (refusal.code()) {
            case "authorization_pending", "consent_required" -> interval; // consent_required: OA4MP
            case "slow_down" -> interval.plus(SLOW_DOWN);
            case "access_denied", "authorization_declined" ->
                throw // the second: Microsoft Entra
                new OidcException(Kind.DENIED, refusal.getMessage());
            case "expired_token" -> throw new OidcException(Kind.EXPIRED, refusal.getMessage());
            default -> {
                boolean passes = switch (refusal.kind()) {
                    case TEMPORARY, NO_ANSWER, UNUSABLE_ANSWER -> true;
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
