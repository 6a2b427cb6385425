package org.opensciencegrid.tokenrenewer.account;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.opensciencegrid.tokenrenewer.json.JsonObject;

class HostIdentityTest {
    /** Machine, instance, place, name, cards and ctime of who saved the account and of who has it now; "-" is none. */
    @ParameterizedTest(name = "{0}")
    @CsvSource({
        "nothing changed,                     M I P h c,     M I P h c,     false, false",
        "no marks at all: a container,        - - P - -,     - - P - -,     false, false",
        "by version 2.0.0,                    M - - - -,     M I P h c,     false, false",
        "by version 2.0.0 elsewhere,          M - - - -,     N I P h c,     true,  true",
        "before there were any marks,         - - - - -,     M I P h c,     false, false",
        "the host was renamed,                M I P h c,     M I P k c,     false, true",
        "a card was replaced,                 M I P h c,     M I P h d,     false, false",
        "one card of two is left,             M I P h c+d,   M I P k d+e,   false, true",
        "moved to another disk,               M I P h c,     M I Q h c,     false, false",
        "restored where no memory is,         M - P h c,     M - Q h c,     true,  true",
        "copied to another machine,           M I P h c,     N J Q k d,     true,  true",
        "to one with the same machine-id,     M I P h c,     M J Q h c,     true,  true",
        "between containers,                  - I P - -,     - J Q - -,     true,  true",
        "between containers without memory,   - - P - -,     - - Q - -,     true,  true",
        "a container made anew with its disk, - I P a -,     - J P b -,     false, false",
        "with a machine-id of its own,        M I P a -,     N J P b -,     false, true",
        "a machine-id that is new each boot,  M I P h c,     N I P h c,     false, true",
        "and moved to another disk,           M I P h c,     N I Q h c,     false, true",
        "a container that keeps its memory,   M I P a -,     N I P b -,     false, true",
        "the disk of a machine cloned,        M I P h c,     M I P k d,     true,  true",
        "and given another machine-id,        M I P h c,     N I P k d,     true,  true",
        "the files of a machine cloned,       M I P h c,     M J Q k d,     true,  true",
        "reinstalled and the state moved,     M I P h c,     N J Q h c,     true,  true",
        "copied so that the inodes are equal, M I P h c s,   N J P k d t,   true,  true",
        "on a host with the same machine-id,  M I P h c s,   M J P h c t,   true,  true",
        "the owner was changed before it,     M - P h c s,   M J P h c t,   false, false",
        "the owner was changed,               M I P h c s,   M I P h c t,   false, false",
        "the cache was cleaned,               M I P h c s,   M J P h c s,   false, false",
        "saved before there was a ctime,      M I P h c -,   M J P h c t,   false, false",
        "a volume that gets a new owner,      - I P a - s,   - J P b - t,   false, false",
        "a directory that two hosts share,    M I P h c,     N J P k d,     false, true",
    })
    void tellsACopy(String what, String saved, String here, boolean isCopy, boolean isElsewhere) {
        Account account = Account.decodeRegistration(
                ("{\"issuer\":\"https://i\",\"client_id\":\"c\",\"token_endpoint\":\"https://i/t\","
                                + host(saved).addTo(JsonObject.NONE).toJson().substring(1))
                        .replace(",}", "}")
                        .getBytes(java.nio.charset.StandardCharsets.UTF_8));
        assertEquals(isCopy, account.isCopy(host(here)));
        assertEquals(isElsewhere, account.isFromAnotherHost(host(here)));
        assertFalse(account.savedBy(host(here)).isFromAnotherHost(host(here)), "once saved it is ours");
    }

    private static HostIdentity host(String marks) {
        String[] words = marks.split(" ");
        return new HostIdentity(
                mark(words[0]),
                mark(words[1]),
                mark(words[2]),
                words.length > 5 ? mark(words[5]) : Optional.empty(),
                mark(words[3]),
                words[4].equals("-") ? List.of() : List.of(words[4].split("\\+")));
    }

    private static Optional<String> mark(String word) {
        return Optional.of(word).filter(known -> !known.equals("-"));
    }

    @Test
    void onlyCardsOfTheMachineCount(@TempDir Path devices) throws Exception {
        Files.createDirectories(devices.resolve("eth0/device"));
        Files.writeString(devices.resolve("eth0/address"), "52:54:00:12:34:56\n");
        Files.createDirectories(devices.resolve("veth1"));
        Files.writeString(devices.resolve("veth1/address"), "0a:0b:0c:0d:0e:0f\n");
        assertEquals(List.of("52:54:00:12:34:56"), HostIdentity.cards(devices.toFile()));
        assertEquals(List.of(), HostIdentity.cards(devices.resolve("none").toFile()));
    }

    @Test
    void aMachineIdIsNotShown(@TempDir Path directory) throws Exception {
        Path file = directory.resolve("machine-id");
        assertEquals(Optional.empty(), HostIdentity.machine(file));
        Files.writeString(file, "uninitialized\n");
        assertEquals(Optional.empty(), HostIdentity.machine(file));
        Files.writeString(file, "0123456789abcdef0123456789abcdef\n");
        assertTrue(HostIdentity.machine(file).orElseThrow().matches("[0-9a-f]{16}"));
        assertFalse("0123456789abcdef0123456789abcdef"
                .contains(HostIdentity.machine(file).get()));
    }
}
