package org.opensciencegrid.tokenrenewer.cli.terminal;

import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import org.opensciencegrid.tokenrenewer.cli.output.Environment;
import org.opensciencegrid.tokenrenewer.cli.output.LineWrapper;
import org.opensciencegrid.tokenrenewer.json.Json;
import org.opensciencegrid.tokenrenewer.net.HostNames;
import org.opensciencegrid.tokenrenewer.oidc.AudienceParameter;
import org.opensciencegrid.tokenrenewer.oidc.Client;
import org.opensciencegrid.tokenrenewer.oidc.DeviceFlow;
import org.opensciencegrid.tokenrenewer.oidc.Discovery;
import org.opensciencegrid.tokenrenewer.oidc.Provider;
import org.opensciencegrid.tokenrenewer.oidc.Registration;
import org.opensciencegrid.tokenrenewer.oidc.Registration.Registered;
import org.opensciencegrid.tokenrenewer.oidc.TokenResponse;
import org.opensciencegrid.tokenrenewer.setup.SetupUi;
import org.opensciencegrid.tokenrenewer.util.HumanFormat;
import org.opensciencegrid.tokenrenewer.util.Printable;
import org.opensciencegrid.tokenrenewer.util.Secret;

/** Asks the person at the terminal what setup's options do not say. */
public final class ConsoleSetupUi implements SetupUi {
    /**
     * The values of the options; asks for each empty one.
     *
     * @param questions the options whose questions will be asked, in that order
     * @param issuers offered at the prompt
     */
    public record Given(
            List<String> questions,
            List<String> issuers,
            Optional<String> issuer,
            List<String> scope,
            Optional<String> clientId,
            Optional<Secret> clientSecret) {}

    /** The options that answer the questions. */
    public static final String ISSUER = "--issuer=URL";

    public static final String SCOPE = "--scope=\"SCOPE ...\"";
    public static final String CLIENT_ID = "--client-id=ID";
    public static final String CLIENT_SECRET = "--client-secret-file=FILE";

    private static final List<String> DEFAULT_SCOPE = List.of("openid", "profile", "offline_access");
    private static final String MAX = "max";
    private static final String CODE = "and enter or compare the code:";

    private final Environment environment;
    private final Terminal terminal;
    private final Countdown countdown;
    private final Given given;
    private final boolean qr;
    private final boolean verbose;

    /**
     * @param countdown waits for the approval
     * @param qr whether to show the link as a QR code too
     */
    public ConsoleSetupUi(
            Environment environment, Terminal terminal, Countdown countdown, Given given, boolean qr, boolean verbose) {
        this.environment = environment;
        this.terminal = terminal;
        this.countdown = countdown;
        this.given = given;
        this.qr = qr;
        this.verbose = verbose;
    }

    @Override
    public String issuer(Optional<String> before) {
        if (given.issuer().isPresent()) {
            return given.issuer().get();
        }
        if (before.isPresent() && !terminal.isInteractive()) {
            say("The issuer is " + Printable.of(before.get()) + ", as before.");
            return before.get();
        }
        number(given.issuers());
        while (true) {
            String answer = terminal.ask("Issuer (number or URL)", before.orElse(""), missing(ISSUER));
            Optional<String> picked = pick(answer, given.issuers());
            try {
                return issuer(picked.orElseThrow(() -> new IllegalArgumentException(noNumber(answer))), this::say);
            } catch (IllegalArgumentException e) {
                say(e.getMessage());
            }
        }
    }

    /**
     * The issuer as typed.
     *
     * @param log gets a line if the URL was normalized
     * @throws IllegalArgumentException if it is not a URL
     */
    public static String issuer(String typed, Consumer<String> log) {
        String issuer = Discovery.issuer(typed);
        if (!issuer.equals(typed)) {
            log.accept("The issuer is " + Printable.of(issuer) + ".");
        }
        return issuer;
    }

    @Override
    public List<String> scope(Provider provider, List<String> before) {
        if (!given.scope().isEmpty()) {
            return given.scope();
        }
        if (!before.isEmpty() && !terminal.isInteractive()) {
            say("The scopes are " + Printable.of(String.join(" ", before)) + ", as before.");
            return before;
        }
        List<String> supported = provider.scopesSupported().stream()
                .map(scope -> Printable.of(scope, 70))
                .toList();
        if (supported.isEmpty()) {
            say("The issuer does not list its scopes.");
        } else {
            say("The following scopes are supported:");
            number(supported);
        }
        List<String> usual = before.isEmpty()
                ? DEFAULT_SCOPE.stream()
                        .filter(scope -> supported.isEmpty() || supported.contains(scope))
                        .toList()
                : before;
        while (true) {
            String answer = terminal.ask(
                    "Scopes (numbers or names; '" + MAX + "' for all)", String.join(" ", usual), missing(SCOPE));
            Optional<List<String>> scopes = scopes(answer, supported, usual);
            if (scopes.isPresent()) {
                return scopes.get();
            }
        }
    }

    /** The scopes in an answer; empty if we must ask again. */
    private Optional<List<String>> scopes(String answer, List<String> supported, List<String> usual) {
        if (answer.equals(MAX) && !supported.isEmpty()) {
            return Optional.of(supported);
        }
        Set<String> scopes = new LinkedHashSet<>();
        List<String> unknown = new ArrayList<>();
        for (String word : Json.split(answer.replace(',', ' '))) {
            Optional<String> scope = pick(word, supported);
            if (scope.isEmpty()) {
                say(noNumber(word));
                return Optional.empty();
            }
            scopes.add(scope.get());
            boolean isKnown =
                    supported.isEmpty() || usual.contains(scope.get()) || Registration.covers(supported, scope.get());
            if (!isKnown) {
                unknown.add(scope.get());
            }
        }
        boolean isMeant = unknown.isEmpty()
                || terminal.confirm("The issuer does not list " + Printable.of(String.join(" ", unknown))
                        + ", but may grant it anyway. Request it?");
        return isMeant && !scopes.isEmpty() ? Optional.of(List.copyOf(scopes)) : Optional.empty();
    }

    private static String noNumber(String answer) {
        return "The list has no number " + answer + ".";
    }

    @Override
    public String clientId() {
        return given.clientId().orElseGet(() -> terminal.ask("Client id", "", missing(CLIENT_ID)));
    }

    @Override
    public Secret clientSecret() {
        return given.clientSecret()
                .orElseGet(() -> terminal.askSecret("Client secret (not shown)", missing(CLIENT_SECRET)));
    }

    @Override
    public void replacing(String account) {
        say("Account " + account + " exists. It stays in use until the new one is authorized.");
    }

    @Override
    public void registrationRefused(String reason) {
        if (verbose) {
            say("The issuer rejected the registration: " + reason + ".");
        }
    }

    @Override
    public void registered(Registered client) {
        say("Registered client " + Printable.of(client.client().id()) + ".");
        if (client.lacksDeviceGrant()) {
            say("Note: the issuer registered it for " + Printable.of(String.join(" ", client.grantTypes()))
                    + " and not for the device flow.");
        }
        if (client.clearsAccessTokens()) {
            say(
                    "Note: at this issuer, each new token of an account invalidates its earlier tokens for services that ask the"
                            + " issuer about a token. Such services need one account for each token.");
        }
    }

    @Override
    public void reusing(Registered client) {
        say("Using client " + Printable.of(client.client().id()) + ", which an earlier setup registered.");
    }

    @Override
    public void keepingClient(Client client) {
        say("Using client " + Printable.of(client.id()) + ", which the account has.");
    }

    @Override
    public void notReusing(Client client, boolean deleted) {
        String id = Printable.of(client.id());
        say("The client " + id + ", which an earlier setup registered, has other scopes than the ones requested now."
                + (deleted ? " It was deleted." : " It stays registered at the issuer.")
                + " A new one is registered.");
    }

    @Override
    public boolean goesOnWithout(List<String> scope, boolean wished) {
        say("The issuer does not allow this client to request: " + Printable.of(String.join(" ", scope)));
        return !wished || terminal.isInteractive() && terminal.confirm("Continue without it?");
    }

    @Override
    public void forgone(List<String> scope) {
        say("The issuer rejects the scope " + String.join(" ", scope) + ". Setup continues without it.");
    }

    @Override
    public void approve(DeviceFlow.Prompt prompt, Provider provider) {
        String link = prompt.verificationUriComplete()
                .orElse(prompt.verificationUri())
                .toASCIIString();
        // For exactly the link that is printed, which DeviceFlow has checked.
        Optional<List<String>> picture = qr ? QrPicture.of(link) : Optional.empty();
        say("");
        if (!sameHost(prompt.verificationUri(), provider.issuer())
                || !prompt.verificationUriComplete()
                        .map(complete -> sameHost(complete, provider.issuer()))
                        .orElse(true)) {
            say("Note: the link's host is not the issuer's, " + Printable.of(provider.issuer()) + ".");
        }
        if (picture.isPresent()) {
            draw(prompt, link, picture.get());
        } else {
            say("Open this link in a browser, on any machine:");
            say("");
            say("    " + link);
            say("");
            if (prompt.verificationUriComplete().isPresent()) {
                say("or " + prompt.verificationUri().toASCIIString());
            }
            say(CODE + "  " + prompt.userCode());
            say("");
        }
        if (terminal.isInteractive()) {
            countdown.begin("Waiting for your approval", prompt.expiresIn());
        } else {
            say("Waiting for your approval, for " + HumanFormat.span(prompt.expiresIn()) + " ...");
        }
    }

    /**
     * Link, picture and the waiting line fill a terminal of 24 lines, so the code goes next to the picture if it fits.
     */
    private void draw(DeviceFlow.Prompt prompt, String link, List<String> picture) {
        say("Open this link in a browser, on any machine, or scan the QR code"
                + (prompt.verificationUriComplete().isPresent()
                        ? "\n(or open " + prompt.verificationUri().toASCIIString() + "):"
                        : ":"));
        String code = "    " + prompt.userCode();
        boolean beside = picture.get(0).length() + 2 + Math.max(CODE.length(), code.length()) <= 80;
        if (!beside) {
            say(CODE + "  " + prompt.userCode());
        }
        say("    " + link);
        boolean inColor =
                !environment.isDumb() && environment.variable("NO_COLOR").isEmpty();
        for (int i = 0; i < picture.size(); i++) {
            String side = !beside ? "" : i == 4 ? "  " + CODE : i == 6 ? "  " + code : "";
            String line = inColor ? QrPicture.onBlack(picture.get(i)) : picture.get(i);
            // In UTF-8 whatever charset Java uses: the user asked for it, or the locale supports it.
            environment.out().writeBytes((line + side + "\n").getBytes(StandardCharsets.UTF_8));
        }
    }

    @Override
    public void audience(Optional<AudienceParameter> parameter) {
        say(parameter
                .map(found -> "The issuer accepts audiences in the parameter " + found.word() + ".")
                .orElse("Note: the issuer's token does not contain the requested audience."));
    }

    @Override
    public void waiting(DeviceFlow.Poll poll) {
        countdown.state(
                switch (poll) {
                    case NOT_YET -> "";
                    case SLOW_DOWN -> "slow_down: polling less often";
                    case NO_ANSWER -> "no answer, retrying";
                    case TROUBLE -> "the issuer has a problem, retrying";
                });
    }

    @Override
    public boolean confirms(Optional<TokenResponse.Identity> identity, Optional<TokenResponse.Identity> before) {
        say("Authorized"
                + identity.map(who -> " by " + Printable.of(who.subject()) + " at " + Printable.of(who.issuer()))
                        .orElse("")
                + ".");
        identity.ifPresent(who ->
                who.names().forEach((claim, name) -> say("    " + claim + ": " + Printable.of(name, 60))));
        if (before.isPresent() && identity.isPresent() && !before.get().isThatOf(identity.get())) {
            say("Note: the account was authorized by another user before: "
                    + Printable.of(before.get().subject()) + ".");
        }
        if (identity.isPresent() && identity.get().names().isEmpty()) {
            say("The issuer gives no name. It may give one if you request the scope profile.");
        }
        if (!terminal.isInteractive()) {
            return true;
        }
        return terminal.confirm(
                identity.isPresent()
                        ? "Is this the right user? Store the account?"
                        : "The issuer does not say who approved. Store the account?");
    }

    @Override
    public void takenBack(String issuer, boolean revoked) {
        say(
                revoked
                        ? "The authorization was revoked."
                        : "The authorization could not be revoked at " + Printable.of(issuer)
                                + "; the user who approved can revoke it there.");
    }

    @Override
    public void abandoned(Registered client, String issuer, boolean deleted) {
        String id = Printable.of(client.client().id());
        say(
                deleted
                        ? "The client " + id + " registered at " + Printable.of(issuer) + " was deleted."
                        : "The client " + id + " stays registered at " + Printable.of(issuer)
                                + client.clientUri()
                                        .map(uri -> " (" + Printable.of(uri.toString()) + ")")
                                        .orElse("")
                                + "; the next setup of this account uses it.");
    }

    /** The options to add if there is no answer: this one and all later ones, so that one error names all. */
    private String missing(String option) {
        int from = given.questions().indexOf(option);
        return String.join(
                ", ", given.questions().subList(from, given.questions().size()));
    }

    private static boolean sameHost(URI link, String issuer) {
        try {
            return HostNames.name(link).equals(HostNames.name(URI.create(issuer)));
        } catch (IllegalArgumentException e) {
            return false;
        }
    }

    private void number(List<String> choices) {
        for (int i = 0; i < choices.size(); i++) {
            say(String.format(Locale.ROOT, "  %2d  %s", i + 1, choices.get(i)));
        }
    }

    /** A number of the list, or the text itself; empty for a number that is not in the list. */
    private static Optional<String> pick(String answer, List<String> choices) {
        if (choices.isEmpty() || !answer.matches("\\d{1,4}")) {
            return Optional.of(answer);
        }
        int number = Integer.parseInt(answer);
        return number >= 1 && number <= choices.size() ? Optional.of(choices.get(number - 1)) : Optional.empty();
    }

    private void say(String line) {
        countdown.end();
        environment.out().println(LineWrapper.of(environment.out(), line));
        environment.out().flush();
    }
}
