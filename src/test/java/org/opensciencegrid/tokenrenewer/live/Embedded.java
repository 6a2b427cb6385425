package org.opensciencegrid.tokenrenewer.live;

import java.io.IOException;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Base64;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Stream;
import org.opensciencegrid.testkit.EmbeddedIssuer;
import org.opensciencegrid.testkit.Policy;
import org.opensciencegrid.testkit.Seen;
import org.opensciencegrid.tokenrenewer.account.Account;

/** The embedded issuer in this process: strict, or in the dialect of a server that does not run here. */
final class Embedded extends LocalIssuer {
    private final Dialect dialect;
    private final EmbeddedIssuer issuer;
    private final List<Embedded> others = new CopyOnWriteArrayList<>();

    Embedded(Path directory, Dialect dialect) {
        super(directory);
        this.dialect = dialect;
        issuer = dialect.isPlain() ? EmbeddedIssuer.startHttp() : EmbeddedIssuer.start(ca);
        issuer.policy.interval = 1;
        dialect.policy().accept(issuer.policy);
        List<String> refreshing = List.of(Policy.DEVICE_CODE, Policy.REFRESH_TOKEN);
        add(CONFIDENTIAL, "client_secret_basic", refreshing);
        add(PUBLIC, "none", refreshing);
        add(SERVICE, "client_secret_basic", List.of(Policy.CLIENT_CREDENTIALS));
        add(WITHOUT_REFRESH, "client_secret_basic", List.of(Policy.DEVICE_CODE));
    }

    private void add(Predefined client, String method, List<String> grants) {
        issuer.addClient(client.id(), client.secret().orElse(null), method, grants, issuer.policy.scopes);
    }

    @Override
    public String name() {
        return dialect.name();
    }

    @Override
    public String issuer() {
        return issuer.issuer();
    }

    @Override
    public Predefined client(Role role) {
        return super.client(role == Role.HASTY ? Role.CONFIDENTIAL : role);
    }

    @Override
    public boolean grantsAudience() {
        return true;
    }

    @Override
    public boolean tellsDenial() {
        return dialect.tellsDenial();
    }

    @Override
    public boolean punishesReplay() {
        return dialect.punishesReplay();
    }

    @Override
    public boolean rotates() {
        return issuer.policy.rotate;
    }

    @Override
    public boolean deletesClients() {
        return !issuer.policy.registrationWithoutManagement;
    }

    @Override
    public String audienceParameter() {
        return issuer.policy.audienceParameter == Policy.AudienceParameter.AUDIENCE ? "audience" : "resource";
    }

    @Override
    public void decide(String userCode, String person, boolean approve) throws IOException, InterruptedException {
        Browser browser = browser();
        browser.open(issuer.base() + "/device");
        String decision = approve ? "approve" : "deny";
        browser.submit("user_code", Map.of("user_code", userCode, "subject", person, "decision", decision));
    }

    @Override
    public Optional<LiveIssuer> with(Registration registration) {
        Embedded closed = other();
        closed.issuer.policy.openRegistration = false;
        closed.issuer.policy.registrationToken = registration == Registration.WITH_TOKEN ? REGISTRATION_TOKEN : null;
        return Optional.of(closed);
    }

    /** In the embedded issuer, the lifetime of user codes is a property of the issuer, not of the client. */
    @Override
    public LiveIssuer hasty() {
        Embedded hasty = other();
        hasty.issuer.policy.deviceLife = Duration.ofSeconds(3);
        return hasty;
    }

    private Embedded other() {
        Embedded other = new Embedded(directory, dialect);
        others.add(other);
        return other;
    }

    @Override
    public OptionalInt tokenRequests(String clientId) {
        return OptionalInt.of((int) issuer.requests("/token").stream()
                .filter(seen -> clientId.equals(client(seen)))
                .count());
    }

    private static String client(Seen request) {
        String header = request.header("Authorization");
        if (header == null) {
            return request.parameter("client_id");
        }
        String pair =
                new String(Base64.getDecoder().decode(header.substring("Basic ".length())), StandardCharsets.UTF_8);
        return URLDecoder.decode(pair.substring(0, pair.indexOf(':')), StandardCharsets.UTF_8);
    }

    @Override
    public List<String> violations() {
        return Stream.concat(
                        issuer.violations().stream(), others.stream().flatMap(other -> other.violations().stream()))
                .toList();
    }

    @Override
    public void enable(String person, boolean isEnabled) throws NotOffered {
        if (!dialect.hasPersons()) {
            throw new NotOffered("it keeps no accounts of persons: each signs in at an institute of their own");
        }
        issuer.disableUser(person, !isEnabled);
    }

    @Override
    public String changeSecret(Account account) {
        String secret = "another-secret-0123456789";
        issuer.changeSecret(account.client().id(), secret);
        return secret;
    }

    @Override
    public boolean tellsEnd() {
        return issuer.policy.jwtRefreshTokens
                || issuer.policy.tellsRefreshLife
                || issuer.policy.refreshExpiresIn != null;
    }

    @Override
    public Collection<String> secrets() {
        return issuer.secrets();
    }

    @Override
    public void close() {
        others.forEach(Embedded::close);
        issuer.close();
    }
}
