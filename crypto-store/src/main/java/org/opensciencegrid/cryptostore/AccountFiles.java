package org.opensciencegrid.cryptostore;

import java.nio.file.Path;
import java.util.List;

/** The paths of all files of an account. */
record AccountFiles(String name, Path directory, Path rescueDirectory) {
    static final String SUFFIX = ".account";
    /** The suffixes of files that may contain a generation of the account. */
    static final List<String> CONTENT_SUFFIXES = List.of(SUFFIX, ".account.next", ".account.prev", ".account.rescue");

    Path account() {
        return directory.resolve(name + SUFFIX);
    }

    /** Reserved space, then the next generation. */
    Path next() {
        return directory.resolve(name + ".account.next");
    }

    /** The previous generation. */
    Path previous() {
        return directory.resolve(name + ".account.prev");
    }

    /** A second name of the account file that is about to become the previous generation. */
    Path old() {
        return directory.resolve(name + ".account.old");
    }

    Path lock() {
        return directory.resolve(name + ".account.lock");
    }

    /** Where the sealed bytes go if {@link #next} cannot be written, in this order. */
    List<Path> rescues() {
        String rescue = name + ".account.rescue";
        return List.of(directory.resolve(rescue), rescueDirectory.resolve(rescue));
    }

    /** The name of a rescue copy while it is being written. */
    static Path incomplete(Path rescue) {
        return rescue.resolveSibling(rescue.getFileName() + ".part");
    }
}
