package org.opensciencegrid.tokenrenewer.cli;

import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
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
     * @param issuers offered at the prompt
     */
    record Given(
            List<String> issuers,
            Optional<String> issuer,
            List<String> scope,
            Optional<String> clientId,
            Optional<Secret> clientSecret) {}

    private static final List<String> DEFAULT_SCOPE = List.of("openid", "profile", "offline_access");
    private static final String MAX = "max";

    private final Environment environment;
    private final Terminal terminal;
    private final Given given;
    private final boolean verbose;

    TerminalPerson(Environment environment, Terminal terminal, Given given, boolean verbose) {
        this.environment = environment;
        this.terminal = terminal;
        this.given = given;
        this.verbose = verbose;
    }

    @Override
    public String issuer() {
        if (given.issuer().isPresent()) {
            return given.issuer().get();
        }
        number(given.issuers());
        String answer = terminal.ask("Issuer (number or URL)", "", "--issuer=URL");
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
                "Scopes (numbers or names, with blanks between; or '" + MAX + "')",
                String.join(" ", usual),
                "--scope=\"SCOPE ...\"");
        if (answer.equals(MAX) && !supported.isEmpty()) {
            return supported;
        }
        List<String> scopes = new ArrayList<>();
        Json.split(answer).forEach(word -> scopes.add(pick(word, supported)));
        return scopes;
    }

    @Override
    public String clientId() {
        return given.clientId().orElseGet(() -> terminal.ask("Client id", "", "--client-id=ID"));
    }

    @Override
    public Secret clientSecret() {
        return given.clientSecret()
                .orElseGet(() -> terminal.askSecret("Client secret (not shown)", "--client-secret-file=FILE"));
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
        say("The issuer does not allow it: " + Printable.of(String.join(" ", scope)));
    }

    @Override
    public void approve(DeviceFlow.Prompt prompt, Provider provider) {
        say("");
        say("Open this link in a browser, on any machine:");
        say("");
        say("    "
                + prompt.verificationUriComplete()
                        .orElse(prompt.verificationUri())
                        .toASCIIString());
        say("");
        if (prompt.verificationUriComplete().isPresent()) {
            say("or " + prompt.verificationUri().toASCIIString());
        }
        say("and enter or compare the code:  " + prompt.userCode());
        say("");
        if (!sameHost(prompt.verificationUri(), provider.issuer())) {
            say("Note: the link's host is not the issuer's, " + Printable.of(provider.issuer()) + ".");
        }
        say("Waiting for your approval, for " + Words.span(prompt.expiresIn()) + " ...");
    }

    @Override
    public void authorized(Optional<TokenAnswer.Identity> identity) {
        say("Authorized"
                + identity.map(who -> " by " + Printable.of(who.subject()) + " at " + Printable.of(who.issuer()))
                        .orElse("")
                + ".");
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

    private static boolean sameHost(URI link, String issuer) {
        try {
            return link.getHost().equalsIgnoreCase(URI.create(issuer).getHost());
        } catch (IllegalArgumentException e) {
            return false;
        }
    }

    private void number(List<String> choices) {
        for (int i = 0; i < choices.size(); i++) {
            say(String.format("  %2d  %s", i + 1, choices.get(i)));
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
        environment.out().println(line);
        environment.out().flush();
    }
}
