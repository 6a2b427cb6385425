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

/** Asks the user at the terminal for the values that setup's options do not set. */
public final class ConsoleSetupUi implements SetupUi {
    /**
     * The values of the options; asks for each empty one.
     *
     * @param questions the options whose questions will be asked, in that order
     * @param issuers offered at the prompt
     */
    public record Options(
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
    private final Options options;
    private final boolean qr;
    private final boolean verbose;

    /**
     * @param countdown waits for the approval
     * @param qr whether to show the link as a QR code too
     */
    public ConsoleSetupUi(
            Environment environment,
            Terminal terminal,
            Countdown countdown,
            Options options,
            boolean qr,
            boolean verbose) {
        this.environment = environment;
        this.terminal = terminal;
        this.countdown = countdown;
        this.options = options;
        this.qr = qr;
        this.verbose = verbose;
    }

    @Override
    public String issuer(Optional<String> before) {
        if (options.issuer().isPresent()) {
            return options.issuer().get();
        }
        if (before.isPresent() && !terminal.isInteractive()) {
            print("The issuer is " + Printable.of(before.get()) + ", as before.");
            return before.get();
        }
        printNumbered(options.issuers());
        while (true) {
            String answer = terminal.ask("Issuer (number or URL)", before.orElse(""), missingOptions(ISSUER));
            Optional<String> picked = pick(answer, options.issuers());
            try {
                return issuer(
                        picked.orElseThrow(() -> new IllegalArgumentException(noSuchNumber(answer))), this::print);
            } catch (IllegalArgumentException e) {
                print(e.getMessage());
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
        if (!options.scope().isEmpty()) {
            return options.scope();
        }
        if (!before.isEmpty() && !terminal.isInteractive()) {
            print("The scopes are " + Printable.of(String.join(" ", before)) + ", as before.");
            return before;
        }
        List<String> supported = provider.scopesSupported().stream()
                .map(scope -> Printable.of(scope, 70))
                .toList();
        if (supported.isEmpty()) {
            print("The issuer does not list its scopes.");
        } else {
            print("The following scopes are supported:");
            printNumbered(supported);
        }
        List<String> defaults = before.isEmpty()
                ? DEFAULT_SCOPE.stream()
                        .filter(scope -> supported.isEmpty() || supported.contains(scope))
                        .toList()
                : before;
        while (true) {
            String answer = terminal.ask(
                    "Scopes (numbers or names; '" + MAX + "' for all)",
                    String.join(" ", defaults),
                    missingOptions(SCOPE));
            Optional<List<String>> scopes = scopes(answer, supported, defaults);
            if (scopes.isPresent()) {
                return scopes.get();
            }
        }
    }

    /** The scopes in an answer; empty if we must ask again. */
    private Optional<List<String>> scopes(String answer, List<String> supported, List<String> defaults) {
        if (answer.equals(MAX) && !supported.isEmpty()) {
            return Optional.of(supported);
        }
        Set<String> scopes = new LinkedHashSet<>();
        List<String> unknown = new ArrayList<>();
        for (String word : Json.split(answer.replace(',', ' '))) {
            Optional<String> scope = pick(word, supported);
            if (scope.isEmpty()) {
                print(noSuchNumber(word));
                return Optional.empty();
            }
            scopes.add(scope.get());
            boolean isKnown = supported.isEmpty()
                    || defaults.contains(scope.get())
                    || Registration.covers(supported, scope.get());
            if (!isKnown) {
                unknown.add(scope.get());
            }
        }
        boolean isConfirmed = unknown.isEmpty()
                || terminal.confirm("The issuer does not list " + Printable.of(String.join(" ", unknown))
                        + ", but may grant it anyway. Request it?");
        return isConfirmed && !scopes.isEmpty() ? Optional.of(List.copyOf(scopes)) : Optional.empty();
    }

    private static String noSuchNumber(String answer) {
        return "The list has no number " + answer + ".";
    }

    @Override
    public String clientId() {
        return options.clientId().orElseGet(() -> terminal.ask("Client id", "", missingOptions(CLIENT_ID)));
    }

    @Override
    public Secret clientSecret() {
        return options.clientSecret()
                .orElseGet(() -> terminal.askSecret("Client secret (not shown)", missingOptions(CLIENT_SECRET)));
    }

    @Override
    public void replacing(String account) {
        print("Account " + account + " exists. It stays in use until the new one is authorized.");
    }

    @Override
    public void registrationRefused(String reason) {
        if (verbose) {
            print("The issuer rejected the registration: " + reason + ".");
        }
    }

    @Override
    public void registered(Registered client) {
        print("Registered client " + Printable.of(client.client().id()) + ".");
        if (client.lacksDeviceGrant()) {
            print("Note: the issuer registered it for " + Printable.of(String.join(" ", client.grantTypes()))
                    + " and not for the device flow.");
        }
        if (client.clearsAccessTokens()) {
            print(
                    "Note: at this issuer, each new token of an account invalidates its earlier tokens for services that ask the"
                            + " issuer about a token. Such services need one account for each token.");
        }
    }

    @Override
    public void reusing(Registered client) {
        print("Using client " + Printable.of(client.client().id()) + ", which an earlier setup registered.");
    }

    @Override
    public void keepingClient(Client client) {
        print("Using client " + Printable.of(client.id()) + ", which the account has.");
    }

    @Override
    public void discarding(Client client, boolean deleted) {
        String id = Printable.of(client.id());
        print("The client " + id + ", which an earlier setup registered, has other scopes than the ones requested now."
                + (deleted ? " It was deleted." : " It stays registered at the issuer.")
                + " A new one is registered.");
    }

    @Override
    public boolean confirmWithout(List<String> scope, boolean isRequested) {
        print("The issuer does not allow this client to request: " + Printable.of(String.join(" ", scope)));
        return !isRequested || terminal.isInteractive() && terminal.confirm("Continue without it?");
    }

    @Override
    public void droppedScope(List<String> scope) {
        print("The issuer rejects the scope " + String.join(" ", scope) + ". Setup continues without it.");
    }

    @Override
    public void approve(DeviceFlow.Prompt prompt, Provider provider) {
        String link = prompt.verificationUriComplete()
                .orElse(prompt.verificationUri())
                .toASCIIString();
        // For exactly the link that is printed, which DeviceFlow has checked.
        Optional<List<String>> picture = qr ? QrPicture.of(link) : Optional.empty();
        print("");
        if (!sameHost(prompt.verificationUri(), provider.issuer())
                || !prompt.verificationUriComplete()
                        .map(complete -> sameHost(complete, provider.issuer()))
                        .orElse(true)) {
            print("Note: the link's host is not the issuer's, " + Printable.of(provider.issuer()) + ".");
        }
        if (picture.isPresent()) {
            draw(prompt, link, picture.get());
        } else {
            print("Open this link in a browser, on any machine:");
            print("");
            print("    " + link);
            print("");
            if (prompt.verificationUriComplete().isPresent()) {
                print("or " + prompt.verificationUri().toASCIIString());
            }
            print(CODE + "  " + prompt.userCode());
            print("");
        }
        if (terminal.isInteractive()) {
            countdown.start("Waiting for your approval", prompt.expiresIn());
        } else {
            print("Waiting for your approval, for " + HumanFormat.span(prompt.expiresIn()) + " ...");
        }
    }

    /**
     * Link, picture and the waiting line fill a terminal of 24 lines, so the code goes next to the picture if it fits.
     */
    private void draw(DeviceFlow.Prompt prompt, String link, List<String> picture) {
        print("Open this link in a browser, on any machine, or scan the QR code"
                + (prompt.verificationUriComplete().isPresent()
                        ? "\n(or open " + prompt.verificationUri().toASCIIString() + "):"
                        : ":"));
        String code = "    " + prompt.userCode();
        boolean isSideBySide = picture.get(0).length() + 2 + Math.max(CODE.length(), code.length()) <= 80;
        if (!isSideBySide) {
            print(CODE + "  " + prompt.userCode());
        }
        print("    " + link);
        boolean inColor =
                !environment.isDumb() && environment.variable("NO_COLOR").isEmpty();
        for (int i = 0; i < picture.size(); i++) {
            String side = !isSideBySide ? "" : i == 4 ? "  " + CODE : i == 6 ? "  " + code : "";
            String line = inColor ? QrPicture.onBlack(picture.get(i)) : picture.get(i);
            // In UTF-8 whatever charset Java uses: the user asked for it, or the locale supports it.
            environment.out().writeBytes((line + side + "\n").getBytes(StandardCharsets.UTF_8));
        }
    }

    @Override
    public void audience(Optional<AudienceParameter> parameter) {
        print(parameter
                .map(found -> "The issuer accepts audiences in the parameter " + found.word() + ".")
                .orElse("Note: the issuer's token does not contain the requested audience."));
    }

    @Override
    public void waiting(DeviceFlow.Poll poll) {
        countdown.state(
                switch (poll) {
                    case PENDING -> "";
                    case SLOW_DOWN -> "slow_down: polling less often";
                    case NO_RESPONSE -> "no answer, retrying";
                    case SERVER_ERROR -> "the issuer has a problem, retrying";
                });
    }

    @Override
    public boolean confirmUser(Optional<TokenResponse.Identity> identity, Optional<TokenResponse.Identity> before) {
        print("Authorized"
                + identity.map(user -> " by " + Printable.of(user.subject()) + " at " + Printable.of(user.issuer()))
                        .orElse("")
                + ".");
        identity.ifPresent(user ->
                user.names().forEach((claim, name) -> print("    " + claim + ": " + Printable.of(name, 60))));
        if (before.isPresent() && identity.isPresent() && !before.get().isSameAs(identity.get())) {
            print("Note: the account was authorized by another user before: "
                    + Printable.of(before.get().subject()) + ".");
        }
        if (identity.isPresent() && identity.get().names().isEmpty()) {
            print("The issuer gives no name. It may give one if you request the scope profile.");
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
    public void revoked(String issuer, boolean revoked) {
        print(
                revoked
                        ? "The authorization was revoked."
                        : "The authorization could not be revoked at " + Printable.of(issuer)
                                + "; the user who approved can revoke it there.");
    }

    @Override
    public void unusedClient(Registered client, String issuer, boolean deleted) {
        String id = Printable.of(client.client().id());
        print(
                deleted
                        ? "The client " + id + " registered at " + Printable.of(issuer) + " was deleted."
                        : "The client " + id + " stays registered at " + Printable.of(issuer)
                                + client.clientUri()
                                        .map(uri -> " (" + Printable.of(uri.toString()) + ")")
                                        .orElse("")
                                + "; the next setup of this account uses it.");
    }

    /** The options to add if there is no answer: this one and all later ones, so that one error names all. */
    private String missingOptions(String option) {
        int from = options.questions().indexOf(option);
        return String.join(
                ", ", options.questions().subList(from, options.questions().size()));
    }

    private static boolean sameHost(URI link, String issuer) {
        try {
            return HostNames.name(link).equals(HostNames.name(URI.create(issuer)));
        } catch (IllegalArgumentException e) {
            return false;
        }
    }

    private void printNumbered(List<String> choices) {
        for (int i = 0; i < choices.size(); i++) {
            print(String.format(Locale.ROOT, "  %2d  %s", i + 1, choices.get(i)));
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

    private void print(String line) {
        countdown.stop();
        environment.out().println(LineWrapper.of(environment.out(), line));
        environment.out().flush();
    }
}
