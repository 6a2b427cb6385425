package org.opensciencegrid.tokenrenewer.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.opensciencegrid.tokenrenewer.cli.output.ProxyAdvice;
import org.opensciencegrid.tokenrenewer.cli.output.RepairCommands;
import org.opensciencegrid.tokenrenewer.fixture.Result;
import org.opensciencegrid.tokenrenewer.net.ProxySettings;
import org.opensciencegrid.tokenrenewer.systemd.ServiceEnvironment;

/** Tests the proxy of config.ini in each command. Nothing listens at its address, which the messages say. */
@Tag("slow")
class ProxyOptionTest extends WithProgram {
    private static final String DEAD = "http://someone:s3cret@127.0.0.1:1";
    private static final String THROUGH =
            "issuer.invalid through the proxy 127.0.0.1:1 of config.ini cannot be reached";
    private static final String DIRECTLY = "issuer.invalid cannot be reached: the host name is not known";

    private Result run(String variable, String config, String... command) {
        program.secret("secret", "s");
        program.config(config + """

                [account c]
                token_request_url = https://issuer.invalid/token
                client_id = c
                client_secret_file = DIR/secret
                [token c]
                account = c
                token_path = DIR/c.token
                """);
        program.variables.put("HTTPS_PROXY", variable);
        Result result = program.run(command);
        assertFalse((result.out() + result.err()).contains("s3cret"), result.out() + result.err());
        return result;
    }

    private static String words(Result result) {
        return (result.out() + result.err()).replaceAll("\\s+", " ");
    }

    private String[] setup() {
        return new String[] {
            "setup",
            "--manual",
            "--issuer=https://issuer.invalid",
            "--scope=openid",
            "--client-id=x",
            "--client-secret-file=" + program.file("secret"),
            "--pw-file=" + program.file("acct.pw"),
            "acct"
        };
    }

    @Test
    void isUsedByEachCommand() {
        String config = "[DEFAULT]\nproxy = " + DEAD + "\n";
        for (String[] command : List.of(new String[] {"renew"}, new String[] {"check"}, setup())) {
            String said = words(run("", config, command));
            assertTrue(said.contains(THROUGH), said);
        }
    }

    @Test
    void goesBeforeTheEnvironment() {
        for (String config : List.of(
                "[DEFAULT]\nproxy = none\n",
                "[DEFAULT]\nproxy = " + DEAD + "\nno_proxy =\n  example.org\n  *.invalid\n")) {
            for (String[] command : List.of(new String[] {"renew"}, setup())) {
                String said = words(run(DEAD, config, command));
                assertTrue(said.contains(DIRECTLY), said);
            }
        }
        for (String[] command : List.of(new String[] {"renew"}, setup())) {
            String said = words(run("socks5://someone:s3cret@h:1", "[DEFAULT]\nproxy = none\n", command));
            assertTrue(said.contains(DIRECTLY), said);
        }
        String without = words(run(DEAD, "", "renew"));
        assertTrue(without.contains("through the proxy 127.0.0.1:1 of HTTPS_PROXY"), without);
    }

    @Test
    void isAMistakeOfItsSection() {
        for (String url : List.of("socks5://someone:s3cret@h:1", "http://someone:s3cret%@h:1", "ftp://h", "http://")) {
            String config = "[DEFAULT]\nproxy = " + url + "\n";
            Result renew = run("", config, "renew");
            assertEquals(2, renew.status(), renew.err());
            assertTrue(renew.err().contains("Config section [account c]: proxy"), renew.err());
            Result setup = run("", config, setup());
            assertEquals(2, setup.status(), setup.err());
            assertTrue(setup.err().contains("config.ini:2: Config section [account acct]: proxy"), setup.err());
            assertEquals(1, run("", config, "check", "--offline").status());
        }
    }

    @Test
    void isWhatSetupAdvisesWhereTheUnitHasAnotherProxy() throws IOException {
        Path drop = Files.createDirectories(program.file("root/etc/systemd/system/osg-token-renewer.service.d"));
        Path units = Files.createDirectories(program.file("root/usr/lib/systemd/system"));
        Files.writeString(units.resolve("osg-token-renewer.service"), "[Service]\nExecStart=/bin/true\n");
        URI issuer = URI.create("https://issuer.example.org");
        ProxySettings shell = ProxySettings.of("HTTPS_PROXY", "http://someone:s3cret@proxy.example.org:3128", "");
        List<String> lines = ProxyAdvice.lines(shell, unit(), issuer, "acct", RepairCommands.CONFIG);
        assertEquals("    proxy = http://proxy.example.org:3128", lines.get(1));
        Golden.hold("proxy-advice.txt", String.join("\n", lines) + "\n");
        Files.writeString(
                drop.resolve("p.conf"), "[Service]\nEnvironment=ALL_PROXY=http://me:p%%40w@proxy.example.org:3128\n");
        assertEquals(List.of(), ProxyAdvice.lines(shell, unit(), issuer, "acct", RepairCommands.CONFIG));
        assertEquals(
                "    proxy = none",
                ProxyAdvice.lines(ProxySettings.NONE, unit(), issuer, "acct", RepairCommands.CONFIG)
                        .get(1));
    }

    private ProxySettings unit() {
        Map<String, String> variables =
                ServiceEnvironment.read(program.file("root")).orElseThrow();
        return ProxySettings.of(name -> Optional.ofNullable(variables.get(name)));
    }
}
