package org.opensciencegrid.cryptostore;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.opensciencegrid.cryptostore.AccountRecords.Entry;

/**
 * A file of this machine with an answer of the issuer that a {@link RemoteAccountStore} could not save at once. Its
 * first line has the number of the intent; the rest is the account. Not the rescue copy of a {@link FileAccountStore}
 * in the same directory.
 */
record RescueCopy(Disk disk, Path file, String account) {
    private static final Pattern FIRST_LINE = Pattern.compile("intent (\\d{1,18})\n");
    private static final int MAX_FIRST_LINE = 26;

    /** @param intent the number of the intent that this answers */
    record Content(long intent, FormatOne.Sealed sealed) {
        /** Otherwise a later answer is in the record, or another account of that name. */
        boolean isNewerThan(Entry entry) {
            return entry.answered() < intent && intent <= entry.asked();
        }
    }

    static RescueCopy in(Path directory, Disk disk, String account) {
        return new RescueCopy(disk, directory.resolve(account + ".cluster.rescue"), account);
    }

    void write(long intent, byte[] sealed) throws IOException {
        byte[] line = ("intent " + intent + "\n").getBytes(StandardCharsets.US_ASCII);
        byte[] bytes = Arrays.copyOf(line, line.length + sealed.length);
        System.arraycopy(sealed, 0, bytes, line.length, sealed.length);
        FileOpenAccount.writeRescue(disk, file, bytes);
    }

    /** Empty if there is none, or it cannot be read. */
    Optional<Content> read() {
        try {
            byte[] bytes = disk.read(file, FormatOne.MAX_FILE_BYTES + MAX_FIRST_LINE);
            Matcher line = FIRST_LINE.matcher(new String(bytes, StandardCharsets.ISO_8859_1));
            if (!line.lookingAt()) {
                return Optional.empty();
            }
            byte[] sealed = Arrays.copyOfRange(bytes, line.end(), bytes.length);
            return Optional.of(new Content(Long.parseLong(line.group(1)), FormatOne.decode(file, sealed, account)));
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    void deleteQuietly() {
        disk.deleteQuietly(file);
    }
}
