package org.opensciencegrid.cryptostore;

import java.nio.file.Path;
import java.util.List;

/** The names of all files that belong to an account. */
record AccountFiles(String name, Path directory, Path rescueDirectory) {
    static final String SUFFIX = ".account";
    /** Each of these holds, or may hold, a generation of the account. */
    static final List<String> CONTENT_SUFFIXES = List.of(SUFFIX, ".account.next", ".account.prev", ".account.rescue");

    Path account() {
        return directory.resolve(name + SUFFIX);
    }

    /** Reserved space, then the next generation. */
    Path next() {
        return directory.resolve(name + ".account.next");
    }

    /** The generation before. */
    Path previous() {
        return directory.resolve(name + ".account.prev");
    }

    /** A second name of the account file that is about to become the previous one. */
    Path old() {
        return directory.resolve(name + ".account.old");
    }

    Path lock() {
        return directory.resolve(name + ".account.lock");
    }

    /** Where sealed bytes go if {@link #next} cannot be written, in this order. */
    List<Path> rescues() {
        String rescue = name + ".account.rescue";
        return List.of(directory.resolve(rescue), rescueDirectory.resolve(rescue));
    }

    /** The name under which a rescue copy is written before it is complete. */
    static Path incomplete(Path rescue) {
        return rescue.resolveSibling(rescue.getFileName() + ".part");
    }
}
