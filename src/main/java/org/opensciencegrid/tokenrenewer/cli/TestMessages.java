package org.opensciencegrid.tokenrenewer.cli;

import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.opensciencegrid.tokenrenewer.account.HostIdentity;
import org.opensciencegrid.tokenrenewer.check.Finding;
import org.opensciencegrid.tokenrenewer.cli.output.NotificationText;
import org.opensciencegrid.tokenrenewer.config.Config;
import org.opensciencegrid.tokenrenewer.config.NotifyOptions;
import org.opensciencegrid.tokenrenewer.config.NotifyTarget;
import org.opensciencegrid.tokenrenewer.net.Limits;
import org.opensciencegrid.tokenrenewer.net.Network;
import org.opensciencegrid.tokenrenewer.notify.Delivery;
import org.opensciencegrid.tokenrenewer.notify.DeliveryException;
import org.opensciencegrid.tokenrenewer.notify.Event;
import org.opensciencegrid.tokenrenewer.notify.Message;
import org.opensciencegrid.tokenrenewer.state.AccountState;

/**
 * The messages of {@code check --notify}: one to each target of each account, so that everybody sees one.
 *
 * @param isSilent print only the findings
 */
record TestMessages(CommandContext context, Network network, boolean isSilent) {
    /** Sends them; returns a finding for each that was not delivered. */
    List<Finding> send() {
        Config config = context.readConfig();
        String host = HostIdentity.hostName();
        NotificationText text = new NotificationText(context.messages(), context.commands(), host);
        Delivery delivery = new Delivery(host, network, context.environment().clock());
        PrintStream out = context.environment().out();
        List<Finding> findings = new ArrayList<>();
        for (String account : config.accountsToNotify()) {
            NotifyOptions options =
                    Objects.requireNonNull(config.notifications().get(account));
            Message message = text.of(
                    account,
                    Event.of(Event.Kind.TEST),
                    options,
                    AccountState.UNKNOWN,
                    List.of(),
                    context.environment().clock().instant());
            for (NotifyTarget target : options.targets()) {
                try {
                    delivery.send(target, options, message, Limits.ONE_NOTIFICATION);
                    if (!isSilent) {
                        out.println("account " + account + ": " + target + " was sent a test message");
                    }
                } catch (DeliveryException e) {
                    findings.add(Finding.ofTarget(target, e.reason(), account));
                }
            }
        }
        if (config.accountsToNotify().isEmpty() && !isSilent) {
            out.println("no account has the option notify, so no message was sent");
        }
        return findings;
    }
}
