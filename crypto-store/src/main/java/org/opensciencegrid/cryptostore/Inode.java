package org.opensciencegrid.cryptostore;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.Map;
import java.util.Objects;

/** The result of one lstat(2). Owner and group are numbers, because looking up a name may take long. */
record Inode(Path path, Object key, int mode, int user, int group, FileTime changed, long size) {
    private static final int TYPE = 0170000;
    private static final int DIRECTORY = 0040000;
    private static final int REGULAR_FILE = 0100000;
    private static final int LINK = 0120000;
    private static final int STICKY = 01000;
    private static final int GROUP_WRITE = 0020;
    private static final int OTHERS_READ = 0004;
    private static final int OTHERS_WRITE = 0002;
    private static final int PERMISSIONS = 0777;

    static Inode of(Path path) throws IOException {
        Map<String, Object> attributes =
                Files.readAttributes(path, "unix:fileKey,mode,uid,gid,ctime,size", LinkOption.NOFOLLOW_LINKS);
        return new Inode(
                path,
                Objects.requireNonNull(attributes.get("fileKey")),
                (int) Objects.requireNonNull(attributes.get("mode")),
                (int) Objects.requireNonNull(attributes.get("uid")),
                (int) Objects.requireNonNull(attributes.get("gid")),
                (FileTime) Objects.requireNonNull(attributes.get("ctime")),
                (long) Objects.requireNonNull(attributes.get("size")));
    }

    /**
     * Whether it is the same file with the same owner and mode. Not equals(): a JVM generates a record's equals() at
     * its first use, which takes longer than the rest of a read.
     */
    boolean isSameFileAs(Inode other) {
        return key.equals(other.key) && mode == other.mode && user == other.user;
    }

    /** Every write changes ctime. */
    boolean isSameContentAs(Inode other) {
        return key.equals(other.key) && changed.equals(other.changed) && size == other.size;
    }

    /** Identifies the file and its content. */
    String fingerprint() {
        return key + " " + changed + " " + size;
    }

    /** The lower nine bits of the mode. */
    int permissions() {
        return mode & PERMISSIONS;
    }

    boolean isRegularFile() {
        return (mode & TYPE) == REGULAR_FILE;
    }

    boolean isDirectory() {
        return (mode & TYPE) == DIRECTORY;
    }

    boolean isLink() {
        return (mode & TYPE) == LINK;
    }

    boolean isSticky() {
        return (mode & STICKY) != 0;
    }

    boolean isGroupWritable() {
        return (mode & GROUP_WRITE) != 0;
    }

    boolean isWorldReadable() {
        return (mode & OTHERS_READ) != 0;
    }

    boolean isWorldWritable() {
        return (mode & OTHERS_WRITE) != 0;
    }
}
