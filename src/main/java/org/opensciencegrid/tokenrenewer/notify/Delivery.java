package org.opensciencegrid.tokenrenewer.notify;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.opensciencegrid.cryptostore.Owners;
import org.opensciencegrid.tokenrenewer.config.NotifyOptions;
import org.opensciencegrid.tokenrenewer.config.NotifyTarget;
import org.opensciencegrid.tokenrenewer.json.JsonObject;
import org.opensciencegrid.tokenrenewer.net.IssuerException;
import org.opensciencegrid.tokenrenewer.net.Network;
import org.opensciencegrid.tokenrenewer.net.SmtpClient;
import org.opensciencegrid.tokenrenewer.net.Transport;
import org.opensciencegrid.tokenrenewer.net.Webhook;
import org.opensciencegrid.tokenrenewer.notify.DeliveryException.Kind;
import org.opensciencegrid.tokenrenewer.process.RootsAlone;
import org.opensciencegrid.tokenrenewer.process.SiteProgram;
import org.opensciencegrid.tokenrenewer.util.Printable;

/**
 * Delivers messages to targets.
 *
 * @param host the name of this host
 * @param network the route to webhooks
 */
public record Delivery(String host, Network network, Clock clock) {
    private static final String USER = "osg-token-renewer";
    private static final String MARK = "NOTIFY_ID";

    /** To kill a program that takes too long, and to close a connection. */
    static final Duration GRACE = Duration.ofSeconds(3);

    private static final int LONGEST_VARIABLE = 100_000;

    private interface Work {
        void run() throws IOException, DeliveryException, IssuerException;
    }

    /**
     * Delivers one message. Never takes longer than the given time, whatever the other side does.
     *
     * @throws DeliveryException if it is not known to be delivered
     */
    public void send(NotifyTarget target, NotifyOptions options, Message message, Duration time)
            throws DeliveryException {
        within(time, () -> {
            switch (target.kind()) {
                case MAIL -> mail(target, options, Optional.of(message), time);
                case EXEC -> exec(target.program(), options, message, time);
                case WEBHOOK ->
                    Webhook.post(
                            transport(options, time),
                            target.url(),
                            message.json().toJson());
            }
        });
    }

    /** Whether a message could be delivered now, as far as that can be known without one. */
    public void probe(NotifyTarget target, NotifyOptions options, Duration time) throws DeliveryException {
        within(time, () -> {
            switch (target.kind()) {
                case MAIL -> mail(target, options, Optional.empty(), time);
                case EXEC -> requireProgram(target.program(), Owners.CURRENT.user());
                case WEBHOOK -> transport(options, time).requireReachable(target.url());
            }
        });
    }

    /** The server of a target: if it cannot be reached, no other target there can. */
    static String server(NotifyTarget target, NotifyOptions options) {
        return switch (target.kind()) {
            case MAIL -> options.relay().toString();
            case EXEC, WEBHOOK -> target.toString();
        };
    }

    private void mail(NotifyTarget target, NotifyOptions options, Optional<Message> message, Duration time)
            throws DeliveryException {
        NotifyOptions.Relay relay = options.relay();
        String from = options.from().orElse(sender());
        SmtpClient connection;
        try {
            connection = SmtpClient.connect(relay.host(), relay.port(), host, time);
        } catch (IOException e) {
            throw new DeliveryException(Kind.UNREACHABLE, Printable.of(e.getMessage()), e);
        }
        try (connection) {
            connection.envelope(from, target.address());
            if (message.isPresent()) {
                connection.send(new Mail(from, target.address(), host, clock.instant()).of(message.get()));
            }
        } catch (SmtpClient.NoAnswerException e) {
            throw new DeliveryException(Kind.UNANSWERED, Printable.of("the relay " + relay + ": " + e.getMessage()), e);
        } catch (IOException e) {
            throw new DeliveryException(Kind.FAILED, "the relay " + relay + ": " + Printable.of(e.getMessage()), e);
        }
    }

    /** Like the sendmail command, from the user of this process. */
    private String sender() {
        String user = System.getProperty("user.name", USER);
        return (user.matches("[A-Za-z0-9._-]{1,64}") && !user.startsWith(".") ? user : USER) + "@" + host;
    }

    private Transport transport(NotifyOptions options, Duration time) {
        Network route = network.with(options.networkOptions());
        return new Network(route.proxies(), time, Optional.empty()).transport(options.caFile()); // a log shows the URL
    }

    /**
     * Requires a program that the user may run. As root, only one that is root's alone.
     *
     * @param user 0 for root
     */
    private static void requireProgram(Path program, int user) throws IOException, DeliveryException {
        if (!Files.exists(program)) {
            throw new DeliveryException(Kind.FAILED, "there is no such file");
        }
        if (!Files.isExecutable(program) || Files.isDirectory(program)) {
            throw new DeliveryException(Kind.FAILED, "it is not a program that the service may run");
        }
        Optional<String> unsafe = unsafeFor(program, user);
        if (unsafe.isPresent()) {
            throw new DeliveryException(Kind.FAILED, unsafe.get());
        }
    }

    /**
     * Why this user does not run this program; empty if it does. Root only runs what is root's alone.
     *
     * @param user 0 for root
     */
    public static Optional<String> unsafeFor(Path program, int user) throws IOException {
        return user != 0
                ? Optional.empty()
                : RootsAlone.unsafe(program)
                        .map(open -> "users other than root can change " + Printable.of(open.toString())
                                + ", so root does not run it");
    }

    private void exec(Path program, NotifyOptions options, Message message, Duration time)
            throws IOException, DeliveryException {
        requireProgram(program, Owners.CURRENT.user());
        Map<String, String> environment = Map.of(
                "NOTIFY_EVENT", message.event().kind().word(),
                "NOTIFY_ACCOUNT", message.account(),
                "NOTIFY_OWNER", options.owner().orElse(""),
                "NOTIFY_SUBJECT", message.subject(),
                "NOTIFY_JSON", shortJson(message.json()));
        SiteProgram.Result result =
                SiteProgram.run(List.of(program.toString()), environment, MARK, message.text(), time);
        if (!result.ended()) {
            throw new DeliveryException(Kind.UNREACHABLE, "it was killed after " + time.toSeconds() + " s");
        }
        if (result.status() != 0) {
            String said = result.output().isBlank()
                    ? ""
                    : ", and it said: " + Printable.of(result.output().strip());
            throw new DeliveryException(Kind.FAILED, "exit status " + result.status() + said);
        }
    }

    /** The kernel starts no program with a longer variable than 128 KiB. The text is in the standard input too. */
    private static String shortJson(JsonObject json) {
        JsonObject shorter = json;
        for (String member : List.of("tokens", "text")) {
            if (shorter.toJson().getBytes(StandardCharsets.UTF_8).length > LONGEST_VARIABLE) {
                shorter = shorter.with(member, Optional.empty());
            }
        }
        return shorter.toJson();
    }

    /** A name look-up or a slow server cannot be stopped in any other way than to leave it behind. */
    private static void within(Duration time, Work work) throws DeliveryException {
        FutureTask<Boolean> task = new FutureTask<>(() -> {
            work.run();
            return true;
        });
        Thread thread = new Thread(task, "notify");
        thread.setDaemon(true);
        thread.start();
        try {
            task.get(time.plus(GRACE).toMillis(), TimeUnit.MILLISECONDS);
        } catch (TimeoutException e) {
            task.cancel(true);
            throw new DeliveryException(Kind.UNREACHABLE, "it took longer than " + time.toSeconds() + " s", e);
        } catch (InterruptedException e) {
            task.cancel(true);
            Thread.currentThread().interrupt();
            throw new DeliveryException(Kind.UNREACHABLE, "this program was stopped", e);
        } catch (ExecutionException e) {
            throw of(e.getCause());
        }
    }

    private static DeliveryException of(Throwable e) {
        if (e instanceof DeliveryException known) {
            return known;
        }
        if (e instanceof IssuerException refused) {
            Kind kind = switch (refused.kind()) {
                case REFUSED -> Kind.FAILED;
                case NO_ANSWER -> Kind.UNANSWERED;
                default -> Kind.UNREACHABLE;
            };
            return new DeliveryException(kind, Printable.of(refused.getMessage()), e);
        }
        return e instanceof IOException
                ? new DeliveryException(Kind.FAILED, Printable.of(e.getMessage()), e)
                : new DeliveryException(Kind.FAILED, "a bug in osg-token-renewer: " + Printable.of(e.toString()), e);
    }
}
