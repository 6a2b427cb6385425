package org.opensciencegrid.tokenrenewer.cli;

import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.opensciencegrid.tokenrenewer.oidc.AudienceParameter;
import org.opensciencegrid.tokenrenewer.oidc.DeviceFlow;
import org.opensciencegrid.tokenrenewer.oidc.Provider;
import org.opensciencegrid.tokenrenewer.oidc.Registration.Registered;
import org.opensciencegrid.tokenrenewer.oidc.TokenAnswer;
import org.opensciencegrid.tokenrenewer.setup.Person;
import org.opensciencegrid.tokenrenewer.text.Json;
import org.opensciencegrid.tokenrenewer.text.Printable;
import org.opensciencegrid.tokenrenewer.text.Secret;

/** The person of setup, for what no option said. */
final class TerminalPerson implements Person {
    /**
     * What options said; each empty one is asked.
     *
     * @param questions the options whose questions will be asked, in that order
     * @param issuers offered at the prompt
     */
    record Given(
            List<String> questions,
            List<String> issuers,
            Optional<String> issuer,
            List<String> scope,
            Optional<String> clientId,
            Optional<Secret> clientSecret) {}

    /** The options that answer the questions. */
    static final String ISSUER = "--issuer=URL";

    static final String SCOPE = "--scope=\"SCOPE ...\"";
    static final String CLIENT_ID = "--client-id=ID";
    static final String CLIENT_SECRET = "--client-secret-file=FILE";

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
     * @param countdown what the waiting for an approval is done with
     * @param qr whether the link is shown as a QR code too
     */
    TerminalPerson(
            Environment environment, Terminal terminal, Countdown countdown, Given given, boolean qr, boolean verbose) {
        this.environment = environment;
        this.terminal = terminal;
        this.countdown = countdown;
        this.given = given;
        this.qr = qr;
        this.verbose = verbose;
    }

    @Override
    public String issuer() {
        if (given.issuer().isPresent()) {
            return given.issuer().get();
        }
        number(given.issuers());
        String answer = terminal.ask("Issuer (number or URL)", "", missing(ISSUER));
        return pick(answer, given.issuers());
    }

    @Override
    public List<String> scope(Provider provider) {
        if (!given.scope().isEmpty()) {
            return given.scope();
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
        List<String> usual = DEFAULT_SCOPE.stream()
                .filter(scope -> supported.isEmpty() || supported.contains(scope))
                .toList();
        String answer = terminal.ask(
                "Scopes (numbers or names; '" + MAX + "' for all)", String.join(" ", usual), missing(SCOPE));
        if (answer.equals(MAX) && !supported.isEmpty()) {
            return supported;
        }
        List<String> scopes = new ArrayList<>();
        Json.split(answer).forEach(word -> scopes.add(pick(word, supported)));
        return scopes;
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
            say("Registration in this form was refused: " + reason);
        }
    }

    @Override
    public void registered(Registered client) {
        say("Registered client " + Printable.of(client.client().id()) + ".");
    }

    @Override
    public void reusing(Registered client) {
        say("Using client " + Printable.of(client.client().id()) + ", which an earlier setup registered.");
    }

    @Override
    public void scopeNotAllowed(List<String> scope) {
        say("The issuer does not let this client ask for: " + Printable.of(String.join(" ", scope)));
    }

    @Override
    public void approve(DeviceFlow.Prompt prompt, Provider provider) {
        String link = prompt.verificationUriComplete()
                .orElse(prompt.verificationUri())
                .toASCIIString();
        // Of the very link that is printed, which DeviceFlow has checked.
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
            say("Waiting for your approval, for " + Words.span(prompt.expiresIn()) + " ...");
        }
    }

    /** Link, picture and waiting line fill a terminal of 24 lines, so the code stands beside the picture if it can. */
    private void draw(DeviceFlow.Prompt prompt, String link, List<String> picture) {
        say("Open this link in a browser, on any machine, or scan the picture of it"
                + (prompt.verificationUriComplete().isPresent()
                        ? "\n(or open " + prompt.verificationUri().toASCIIString() + "):"
                        : ":"));
        String code = "    " + prompt.userCode();
        boolean beside = picture.get(0).length() + 2 + Math.max(CODE.length(), code.length()) <= 80;
        if (!beside) {
            say(CODE + "  " + prompt.userCode());
        }
        say("    " + link);
        boolean inColour =
                !environment.isDumb() && environment.variable("NO_COLOR").isEmpty();
        for (int i = 0; i < picture.size(); i++) {
            String side = !beside ? "" : i == 4 ? "  " + CODE : i == 6 ? "  " + code : "";
            String line = inColour ? QrPicture.onBlack(picture.get(i)) : picture.get(i);
            // In UTF-8 whatever Java thinks of the locale: it was asked for, or the locale says so.
            environment.out().writeBytes((line + side + "\n").getBytes(StandardCharsets.UTF_8));
        }
    }

    @Override
    public void audience(Optional<AudienceParameter> parameter) {
        say(parameter
                .map(found -> "The issuer takes audiences by the parameter " + found.word() + ".")
                .orElse("Note: the issuer's token does not show that it heeds audiences."));
    }

    @Override
    public void waiting(DeviceFlow.Poll poll) {
        countdown.state(
                switch (poll) {
                    case NOT_YET -> "";
                    case SLOW_DOWN -> "slow_down: asking less often";
                    case NO_ANSWER -> "no answer, asking on";
                    case TROUBLE -> "the issuer has trouble, asking on";
                });
    }

    @Override
    public boolean confirms(Optional<TokenAnswer.Identity> identity, Optional<TokenAnswer.Identity> before) {
        say("Authorized"
                + identity.map(who -> " by " + Printable.of(who.subject()) + " at " + Printable.of(who.issuer()))
                        .orElse("")
                + ".");
        identity.ifPresent(who ->
                who.names().forEach((claim, name) -> say("    " + claim + ": " + Printable.of(name, 60))));
        if (before.isPresent() && identity.isPresent() && !before.get().isThatOf(identity.get())) {
            say("Note: the account was authorized by another one before: "
                    + Printable.of(before.get().subject()) + ".");
        }
        if (!terminal.isInteractive()) {
            return true;
        }
        return terminal.confirm(
                identity.isPresent()
                        ? "Is that who you meant, and shall the account be stored?"
                        : "The issuer does not say by whom. Shall the account be stored?");
    }

    @Override
    public void takenBack(String issuer, boolean revoked) {
        say(
                revoked
                        ? "The authorization was revoked again."
                        : "The authorization could not be revoked at " + Printable.of(issuer)
                                + "; whoever gave it can end it there.");
    }

    @Override
    public void abandoned(Registered client, String issuer, boolean deleted) {
        String id = Printable.of(client.client().id());
        say(
                deleted
                        ? "The client " + id + " registered at " + Printable.of(issuer) + " was deleted again."
                        : "The client " + id + " stays registered at " + Printable.of(issuer)
                                + client.clientUri()
                                        .map(uri -> " (" + Printable.of(uri.toString()) + ")")
                                        .orElse("")
                                + "; the next setup of this account uses it.");
    }

    /** What to give where nobody answers: this and all that would be asked next, so that it is told once. */
    private String missing(String option) {
        int from = given.questions().indexOf(option);
        return String.join(
                ", ", given.questions().subList(from, given.questions().size()));
    }

    private static boolean sameHost(URI link, String issuer) {
        try {
            return link.getHost().equalsIgnoreCase(URI.create(issuer).getHost());
        } catch (IllegalArgumentException e) {
            return false;
        }
    }

    private void number(List<String> choices) {
        for (int i = 0; i < choices.size(); i++) {
            say(String.format(Locale.ROOT, "  %2d  %s", i + 1, choices.get(i)));
        }
    }

    /** A number of the list, or the words themselves. */
    private static String pick(String answer, List<String> choices) {
        if (answer.matches("\\d{1,4}")) {
            int number = Integer.parseInt(answer);
            if (number >= 1 && number <= choices.size()) {
                return choices.get(number - 1);
            }
        }
        return answer;
    }

    private void say(String line) {
        countdown.end();
        environment.out().println(Prose.of(environment.out(), line));
        environment.out().flush();
    }
}
