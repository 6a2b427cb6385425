package org.opensciencegrid.tokenrenewer.account;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;
import org.opensciencegrid.cryptostore.AccountStore;
import org.opensciencegrid.cryptostore.FileAccountStore;
import org.opensciencegrid.tokenrenewer.json.JsonObject;

/**
 * Marks that show whether an account was copied to another machine, or restored from a copy. Each mark may be missing, for example
 * in a container.
 *
 * @param machine a hash of machine-id(5)
 * @param instance a random name of this host, stored outside of the state directory
 * @param place the inode of a file in the state directory; a copy usually has another inode
 * @param placeChangedAt the ctime of that file
 * @param name the host name
 * @param cards the addresses of network cards, without virtual ones, which change
 */
public record HostIdentity(
        Optional<String> machine,
        Optional<String> instance,
        Optional<String> place,
        Optional<String> placeChangedAt,
        Optional<String> name,
        List<String> cards) {
    private static final int MOST_CARDS = 8;

    /** Of accounts that belong to no host. */
    private static final HostIdentity NONE = new HostIdentity(
            Optional.empty(), Optional.empty(), Optional.empty(), Optional.empty(), Optional.empty(), List.of());

    /** Reads the marks of this host, or none if the accounts are not on it. */
    public static HostIdentity here(AccountStore store, String account) {
        if (!(store instanceof FileAccountStore files)) {
            return NONE;
        }
        return new HostIdentity(
                Machine.ID,
                files.instance(),
                files.lockInode(account),
                files.lockChangedAt(account),
                Machine.NAME,
                Machine.CARDS);
    }

    /** The name of this host in messages and mails. */
    public static String hostName() {
        String name = Machine.NAME.orElse("");
        return name.matches("[A-Za-z0-9][A-Za-z0-9.-]{0,252}") ? name : "localhost";
    }

    /** The same for all accounts, so a run with many reads it once. */
    private static final class Machine {
        static final Optional<String> ID = machine(Path.of("/etc/machine-id"));
        static final Optional<String> NAME = text(Path.of("/proc/sys/kernel/hostname"));
        static final List<String> CARDS = cards(new File("/sys/class/net"));
    }

    static HostIdentity of(JsonObject members) {
        return new HostIdentity(
                members.string("host"),
                members.string("instance"),
                members.string("place"),
                members.string("place_changed_at"),
                members.string("host_name"),
                members.words("network_cards"));
    }

    JsonObject addTo(JsonObject members) {
        return members.with("host", machine.isPresent() ? machine : members.string("host"))
                .with("instance", instance)
                .with("place", place)
                .with("place_changed_at", placeChangedAt)
                .with("host_name", name)
                .with("network_cards", String.join(" ", cards));
    }

    /** Whether another machine saved the account, or this one under another name. */
    boolean differsFrom(HostIdentity saved) {
        return isAnotherMachine(saved) || machine.isPresent() && differ(name, saved.name);
    }

    /**
     * Whether an account with these marks is a copy on this host. A directory that stayed in its place is not a copy,
     * even if another host mounts it now (for example a new container). A directory that was moved on the same host is
     * not a copy either. Copies of a whole file system can have the same inodes, but their ctime differs. It is not
     * compared without a machine-id, because some container platforms change the owner of a volume at each mount.
     */
    boolean hasCopyOf(HostIdentity saved) {
        if (saved.place.isEmpty() || place.isEmpty()) {
            return isAnotherMachine(saved); // saved by a version that stores fewer marks
        }
        boolean isSameInstance = instance.isPresent() && instance.equals(saved.instance);
        if (isSameInstance) {
            return isCloneOf(saved);
        }
        boolean isCopiedFileSystem = machine.isPresent()
                && saved.machine.isPresent()
                && differ(instance, saved.instance)
                && differ(placeChangedAt, saved.placeChangedAt);
        return !place.equals(saved.place) || isCopiedFileSystem;
    }

    private boolean isAnotherMachine(HostIdentity saved) {
        return differ(machine, saved.machine);
    }

    /**
     * Whether this machine is a clone of the one with these marks. Other cards alone are no evidence, because cards are
     * replaced. Neither are another name or machine-id, because hosts are renamed, and some get a machine-id at each boot.
     */
    private boolean isCloneOf(HostIdentity saved) {
        return differsFrom(saved)
                && !cards.isEmpty()
                && !saved.cards.isEmpty()
                && Collections.disjoint(cards, saved.cards);
    }

    private static boolean differ(Optional<String> one, Optional<String> other) {
        return one.isPresent() && other.isPresent() && !one.equals(other);
    }

    /** machine-id(5) asks programs not to expose the id, but an application-specific hash of it. */
    static Optional<String> machine(Path machineId) {
        Optional<String> id = text(machineId);
        if (id.isEmpty() || !id.get().matches("[0-9a-f]{32}")) {
            return Optional.empty(); // "uninitialized" in an image
        }
        try {
            byte[] hash = MessageDigest.getInstance("SHA-256")
                    .digest(("osg-token-renewer host " + id.get()).getBytes(StandardCharsets.US_ASCII));
            return Optional.of(HexFormat.of().formatHex(hash, 0, 8));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e); // every JDK has SHA-256
        }
    }

    /** @param devices /sys/class/net */
    static List<String> cards(File devices) {
        TreeSet<String> cards = new TreeSet<>();
        File[] all = devices.listFiles();
        for (File device : all == null ? new File[0] : all) {
            if (new File(device, "device").exists()) {
                Optional<String> address = text(device.toPath().resolve("address"));
                if (address.isPresent()) {
                    cards.add(address.get());
                }
            }
        }
        List<String> sorted = List.copyOf(cards);
        return sorted.subList(0, Math.min(MOST_CARDS, sorted.size()));
    }

    private static Optional<String> text(Path file) {
        try {
            String text = Files.readString(file, StandardCharsets.ISO_8859_1).strip();
            return text.isEmpty() ? Optional.empty() : Optional.of(text);
        } catch (IOException e) {
            return Optional.empty();
        }
    }
}
