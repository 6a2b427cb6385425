package org.opensciencegrid.tokenrenewer.cli;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Optional;
import java.util.UUID;
import org.opensciencegrid.tokenrenewer.config.ConfigAddition;

/** Appends to config.ini. At every moment the file is complete, either old or new, with the same owner and mode. */
final class ConfigAppender {
    private final Path file;

    /** @param file may be a symbolic link, which is kept */
    ConfigAppender(Path file) throws IOException {
        this.file = Files.exists(file) ? file.toRealPath() : file.toAbsolutePath();
    }

    boolean mayWrite() {
        return Files.isWritable(file.getParent()) && (!Files.exists(file) || Files.isWritable(file));
    }

    void append(ConfigAddition addition) throws IOException {
        Path temporary = file.resolveSibling("." + file.getFileName() + "." + UUID.randomUUID());
        try {
            if (addition.before().isPresent()) {
                Files.copy(file, temporary, StandardCopyOption.COPY_ATTRIBUTES);
                requireSameAccess(file, temporary);
            } else {
                Files.createFile(
                        temporary, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
            }
            try (FileChannel channel = FileChannel.open(temporary, StandardOpenOption.APPEND)) {
                ByteBuffer bytes = ByteBuffer.wrap(addition.bytes());
                while (bytes.hasRemaining()) {
                    channel.write(bytes);
                }
                channel.force(true);
            }
            if (!read(file)
                    .map(now -> Arrays.equals(now, addition.before().orElse(null)))
                    .orElse(addition.before().isEmpty())) {
                throw new IOException("another program has changed it");
            }
            Files.move(temporary, file, StandardCopyOption.ATOMIC_MOVE);
        } finally {
            Files.deleteIfExists(temporary);
        }
        try (FileChannel directory = FileChannel.open(file.getParent(), StandardOpenOption.READ)) {
            directory.force(true);
        }
    }

    /**
     * For the setup wrapper, which can write files that we cannot: the checksum of the file before the change, whether
     * the account has a token after it, and the text to append. Ends with NUL, because the wrapper keeps the pipe open
     * and so gets no end of file.
     */
    static void passToWrapper(ConfigAddition addition, boolean hasToken, Path pipe) throws IOException {
        String head = addition.before().map(ConfigAppender::sha256).orElse("none") + "\n"
                + (hasToken ? "token" : "account") + "\n";
        Files.writeString(pipe, head + addition.text() + "\0", StandardOpenOption.WRITE);
    }

    private static String sha256(byte[] bytes) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e); // every Java has SHA-256
        }
    }

    private static Optional<byte[]> read(Path file) throws IOException {
        try {
            return Optional.of(Files.readAllBytes(file));
        } catch (NoSuchFileException e) {
            return Optional.empty();
        }
    }

    private static void requireSameAccess(Path file, Path copy) throws IOException {
        PosixFileAttributes ofCopy = Files.readAttributes(copy, PosixFileAttributes.class);
        PosixFileAttributes ofFile = Files.readAttributes(file, PosixFileAttributes.class);
        if (!ofCopy.owner().equals(ofFile.owner())
                || !ofCopy.group().equals(ofFile.group())
                || !ofCopy.permissions().equals(ofFile.permissions())) {
            throw new IOException("its owner and mode could not be kept");
        }
    }
}
