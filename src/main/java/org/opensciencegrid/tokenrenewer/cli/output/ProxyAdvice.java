package org.opensciencegrid.tokenrenewer.cli.output;

import java.net.URI;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.opensciencegrid.tokenrenewer.net.ProxySettings;
import org.opensciencegrid.tokenrenewer.util.Printable;

/** The advice at the end of setup if the timer will not reach the issuer as setup did. */
public final class ProxyAdvice {
    private ProxyAdvice() {}

    /** Empty if both use the same proxy, or none. The second line can be pasted and has no password. */
    public static List<String> lines(
            ProxySettings shell, ProxySettings service, URI issuer, String account, Path config) {
        Optional<String> ofShell = shell.address(issuer);
        Optional<String> ofService = service.address(issuer);
        if (ofShell.equals(ofService)) {
            return List.of();
        }
        List<String> lines = new ArrayList<>();
        lines.add("Setup reached " + Printable.of(issuer.toString()) + " " + route(ofShell)
                + ", and osg-token-renewer.service will reach it " + route(ofService)
                + ". To let the service do as setup did, add this to [account " + account + "] of " + config + ":");
        lines.add("    proxy = " + ofShell.orElse("none"));
        if (ofShell.isPresent() && shell.hasPassword()) {
            lines.add("and write the USER:PASSWORD@ of this shell's proxy before the host there, with %% for each %.");
        }
        return lines;
    }

    private static String route(Optional<String> proxy) {
        return proxy.map(url -> "through the proxy " + url).orElse("without a proxy");
    }
}
