package org.opensciencegrid.tokenrenewer.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.opensciencegrid.tokenrenewer.fixture.Result;

/** Which tokens {@code renew NAME} and its options select. */
class RenewNamesTest extends WithProgram {
    @BeforeEach
    void twoAccounts() {
        StringBuilder config = new StringBuilder();
        for (String account : List.of("a1", "a2")) {
            config.append("[account " + account + "]\ntoken_request_url = https://issuer.invalid/token\nclient_id = c\n"
                    + "client_secret = s\n");
        }
        for (String token : List.of("t1 a1", "t2 a2", "t3 a2")) {
            String[] words = token.split(" ");
            config.append("[token " + words[0] + "]\naccount = " + words[1] + "\ntoken_path = DIR/" + words[0] + "\n");
        }
        config.append("[token faulty]\naccount = a1\ntoken_path = relative\n");
        program.config(config.toString());
    }

    @ParameterizedTest
    @CsvSource({
        "t1, t1",
        "a2, t2 t3",
        "a1 t2, t1 t2 faulty",
        "t1 a2, t1 t2 t3",
        "t1 a2 t2, t1 t2 t3",
        "--token=t1 a2, t1 t2 t3",
        "--token=t2 --account=a2, t2",
        "t2 --account=a2, t2",
        "a1, t1 faulty",
        "faulty, faulty"
    })
    void eachNameSelectsItsTokens(String words, String selected) {
        Result result = program.run(("renew --dry-run " + words).split(" "));
        String said = result.out() + result.err();
        for (String token : List.of("t1", "t2", "t3", "faulty")) {
            boolean isSaid = said.contains("token " + token + ":") || said.contains("token '" + token + "'");
            assertEquals(List.of(selected.split(" ")).contains(token), isSaid, token + ": " + said);
        }
    }

    @Test
    void aSelectionOfNothingIsAnError() {
        for (String words : List.of("t1 --account=a2", "--token=t1 --account=a2")) {
            Result result = program.run(("renew --dry-run " + words).split(" "));
            assertEquals(2, result.status(), result.out() + result.err());
            assertTrue(
                    result.err().contains("no token that you name belongs to an account that you name"), result.err());
        }
    }
}
