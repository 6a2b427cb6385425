package org.opensciencegrid.tokenrenewer.renewal;

import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import org.opensciencegrid.cryptostore.FileAccountStore;
import org.opensciencegrid.tokenrenewer.account.Passwords;
import org.opensciencegrid.tokenrenewer.config.ClientFiles;
import org.opensciencegrid.tokenrenewer.config.Config;
import org.opensciencegrid.tokenrenewer.config.StoredAccount;
import org.opensciencegrid.tokenrenewer.config.TokenAccess;
import org.opensciencegrid.tokenrenewer.config.TokenSection;
import org.opensciencegrid.tokenrenewer.fixture.SiteDirectory;
import org.opensciencegrid.tokenrenewer.net.Network;
import org.opensciencegrid.tokenrenewer.net.NetworkOptions;
import org.opensciencegrid.tokenrenewer.net.Sleeper;
import org.opensciencegrid.tokenrenewer.renewal.RenewalRun.Selection;
import org.opensciencegrid.tokenrenewer.state.FileStateStore;
import org.opensciencegrid.tokenrenewer.token.TokenSecrets;

/** Runs renewals at a {@link Site} in a separate process. */
final class RenewProgram {
    private RenewProgram() {}

    /** DIRECTORY RUNS: renews tokens/t of the account acct this many times, and prints the outcomes. */
    public static void main(String[] arguments) {
        Path directory = Path.of(arguments[0]);
        StoredAccount account = new StoredAccount(
                "acct",
                1,
                directory.resolve("acct.pw"),
                Optional.empty(),
                Optional.empty(),
                ClientFiles.NONE,
                Optional.of(directory.resolve("ca.pem")),
                NetworkOptions.DEFAULT);
        TokenSection token = new TokenSection(
                "t",
                "t",
                1,
                "acct",
                Optional.of(directory.resolve("tokens/t")),
                List.of(),
                List.of(),
                Optional.empty(),
                OptionalLong.empty(),
                false,
                TokenAccess.UNCHANGED,
                Optional.empty(),
                Optional.empty());
        Config config = new Config(
                directory.resolve("config.ini"),
                Map.of("acct", account),
                List.of(token),
                List.of(),
                List.of(),
                List.of(),
                List.of(),
                Map.of());
        List<Outcome> outcomes = new ArrayList<>();
        for (int i = 0; i < Integer.parseInt(arguments[1]); i++) {
            new RenewalRun(
                            new FileAccountStore(
                                    directory.resolve("accounts"), directory.resolve("run"), SiteDirectory.CHEAP),
                            new FileStateStore(directory.resolve("state"), directory.resolve("spare")),
                            new Passwords(Optional.empty()),
                            new TokenSecrets(name -> Optional.empty(), Network.DIRECT, Sleeper.REAL),
                            Duration.ofSeconds(60),
                            Network.DIRECT,
                            Clock.systemUTC(),
                            Sleeper.REAL)
                    .run(config, new Selection(Set.of(), Set.of(), true), outcomes::add);
        }
        outcomes.forEach(System.out::println);
    }
}
