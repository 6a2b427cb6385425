package org.opensciencegrid.tokenrenewer.rings;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.opensciencegrid.cryptostore.AccountStore;
import org.opensciencegrid.cryptostore.FileAccountStore;
import org.opensciencegrid.tokenrenewer.fixture.Result;

/**
 * Power loss at every point of what the shipped jar really writes: two rotations of one run as recorded by strace,
 * including the written bytes. Of what was not synced, every subset may have reached the disk: writes whole, partial or
 * not at all, truncations, and changes of names in any order, which is more than ext4 and xfs permit. Each state is
 * built as a directory and opened with the library.
 */
class PowerLossRing {
    private static final Pattern CALL = Pattern.compile("^\\d+ +(\\w+)\\((.*)\\) += (\\d+).*$");
    private static final Pattern NAME = Pattern.compile("acct\\.account(?:\\.\\w+)*");

    @TempDir
    Path directory;

    /** The content of a file. */
    private static final class Inode {
        private byte[] bytes = {};
    }

    /** One call. data: the bytes written, or null; length: of a truncation. */
    private record Op(String call, String name, String other, byte[] data, int length) {
        boolean isData() {
            return data != null || call.equals("ftruncate");
        }

        boolean isName() {
            return Set.of("create", "link", "rename", "unlink").contains(call);
        }
    }

    private enum Fate {
        LOST,
        KEPT,
        FIRST_HALF,
        SECOND_HALF
    }

    @Test
    void noStateAfterAPowerLossLosesADurableToken() throws Exception {
        assumeTrue(AccessPoint.has("strace"), "needs strace: apt-get install strace");
        try (AccessPoint point = new AccessPoint(directory.resolve("run")).authorize()) {
            point.tokens(point.file("tokens/one.token"), point.file("tokens/two.token"));
            Path accounts = point.file("state/accounts");
            Map<String, byte[]> before = snapshot(accounts);
            List<String> tokens = new ArrayList<>(List.of(point.refreshToken()));
            Set<String> secrets = new HashSet<>(point.issuer.secrets());
            List<Op> ops = trace(point, accounts);
            tokens.addAll(inOrder(point, secrets, ops, before));
            assertEquals(3, tokens.size(), "two rotations");
            judge(point, before, ops, tokens);
        }
    }

    /** The refresh tokens in each content of .next, as read by the library. */
    private List<String> inOrder(AccessPoint point, Set<String> old, List<Op> ops, Map<String, byte[]> before)
            throws IOException {
        List<String> tokens = new ArrayList<>();
        for (Op op : ops) {
            if (isGeneration(op)) {
                Map<String, byte[]> state = new TreeMap<>();
                state.put("acct.account", op.data());
                String token = open(point, state);
                assertTrue(!old.contains(token), "the issuer gave it in this run");
                tokens.add(token);
            }
        }
        return tokens;
    }

    private static boolean isGeneration(Op op) {
        return op.data() != null && op.data().length > 0 && op.data()[0] != 0;
    }

    private void judge(AccessPoint point, Map<String, byte[]> before, List<Op> ops, List<String> tokens)
            throws IOException {
        Map<String, Integer> verdicts = new TreeMap<>();
        List<String> bad = new ArrayList<>();
        Set<String> judged = new HashSet<>();
        for (int cut = 0; cut <= ops.size(); cut++) {
            List<Op> done = ops.subList(0, cut);
            int written =
                    (int) done.stream().filter(PowerLossRing::isGeneration).count();
            // The guarantee of step 7: a generation is durable once anything follows the sync of its write.
            int durable = written;
            int last = lastGeneration(done);
            if (last >= 0 && last + 2 > cut) {
                durable = written - 1;
            }
            for (Map<String, byte[]> state : states(before, done)) {
                if (!judged.add(identity(state) + durable + " " + written)) {
                    continue;
                }
                String verdict;
                try {
                    int found = tokens.indexOf(open(point, state));
                    verdict = found > written || found < durable
                            ? "LOST"
                            : found < written ? "ok: not yet durable" : "ok";
                } catch (IOException e) {
                    verdict = "UNREADABLE " + e.getMessage();
                }
                verdicts.merge(verdict, 1, Integer::sum);
                if (!verdict.startsWith("ok")) {
                    bad.add("after " + (cut == 0 ? "nothing" : show(ops.get(cut - 1))) + ": " + state.keySet());
                }
            }
        }
        System.out.println("--- power loss in a run with two rotations");
        System.out.println("calls that change the store: " + ops.size() + ", different states: " + judged.size());
        verdicts.forEach((verdict, count) -> System.out.println(verdict + ": " + count));
        assertEquals(List.of(), bad);
        assertProtocol(ops);
    }

    /**
     * What no state of the disk shows: space is allocated before the issuer is asked, and the first sync follows
     * immediately.
     */
    private static void assertProtocol(List<Op> ops) {
        int from = 0;
        for (int i = 0; i < ops.size(); i++) {
            if (isGeneration(ops.get(i))) {
                List<String> step3 =
                        ops.subList(from, i).stream().map(PowerLossRing::show).toList();
                int zeros = step3.indexOf("write acct.account.next");
                assertTrue(
                        zeros >= 0
                                && step3.subList(zeros, step3.size())
                                        .equals(List.of(
                                                "write acct.account.next", "sync acct.account.next", "syncdir")),
                        step3.toString());
                assertEquals("sync acct.account.next", show(ops.get(i + 1)), "step 7");
                from = i + 1;
            }
        }
        assertEquals("syncdir", show(ops.get(ops.size() - 1)), "the names are durable at the end");
    }

    private static String show(Op op) {
        return (op.call() + " " + op.name()).strip();
    }

    private static int lastGeneration(List<Op> done) {
        int last = -1;
        for (int i = 0; i < done.size(); i++) {
            last = isGeneration(done.get(i)) ? i : last;
        }
        return last;
    }

    // The model

    private static List<Map<String, byte[]>> states(Map<String, byte[]> before, List<Op> done) {
        boolean[] synced = new boolean[done.size()];
        Map<String, Integer> inodeNow = new HashMap<>();
        List<Integer> inodeOf = inodes(before, done, inodeNow);
        for (int i = 0; i < done.size(); i++) {
            for (int j = 0; j < i; j++) {
                boolean byFile = done.get(i).call().equals("sync")
                        && done.get(j).isData()
                        && inodeOf.get(i).equals(inodeOf.get(j));
                synced[j] |= byFile
                        || done.get(i).call().equals("syncdir") && done.get(j).isName();
            }
        }
        List<Integer> free = new ArrayList<>();
        for (int i = 0; i < done.size(); i++) {
            if (!synced[i] && (done.get(i).isData() || done.get(i).isName())) {
                free.add(i);
            }
        }
        List<Map<String, byte[]>> states = new ArrayList<>();
        Fate[] fates = new Fate[done.size()];
        Arrays.fill(fates, Fate.KEPT);
        choose(free, 0, fates, done, () -> states.add(replay(before, done, inodeOf, fates)));
        return states;
    }

    private static void choose(List<Integer> free, int at, Fate[] fates, List<Op> done, Runnable found) {
        if (at == free.size()) {
            found.run();
            return;
        }
        int op = free.get(at);
        int choices = done.get(op).data() != null ? Fate.values().length : 2;
        for (int i = 0; i < choices; i++) {
            fates[op] = Fate.values()[i];
            choose(free, at + 1, fates, done, found);
        }
        fates[op] = Fate.KEPT;
    }

    /** The file that each call refers to, numbered in order of creation. */
    private static List<Integer> inodes(Map<String, byte[]> before, List<Op> done, Map<String, Integer> names) {
        int next = 0;
        for (String name : before.keySet()) {
            names.put(name, next++);
        }
        List<Integer> inodes = new ArrayList<>();
        for (Op op : done) {
            switch (op.call()) {
                case "create" -> names.put(op.name(), next++);
                case "link" -> names.put(op.other(), names.get(op.name()));
                case "rename" -> names.put(op.other(), names.remove(op.name()));
                default -> {}
            }
            inodes.add(names.getOrDefault(op.call().equals("rename") ? op.other() : op.name(), -1));
            if (op.call().equals("unlink")) {
                names.remove(op.name());
            }
        }
        return inodes;
    }

    private static Map<String, byte[]> replay(
            Map<String, byte[]> before, List<Op> done, List<Integer> inodeOf, Fate[] fates) {
        Map<Integer, Inode> inodes = new HashMap<>();
        Map<String, Integer> names = new TreeMap<>();
        for (Map.Entry<String, byte[]> file : before.entrySet()) {
            int number = names.size();
            names.put(file.getKey(), number);
            inodes.computeIfAbsent(number, n -> new Inode()).bytes = file.getValue();
        }
        for (int i = 0; i < done.size(); i++) {
            Op op = done.get(i);
            if (fates[i] == Fate.LOST) {
                continue;
            }
            Inode inode = inodes.computeIfAbsent(inodeOf.get(i), n -> new Inode());
            switch (op.call()) {
                // If earlier changes of names were lost, there may be nothing to change.
                case "create" -> names.put(op.name(), inodeOf.get(i));
                case "link" -> names.put(op.other(), inodeOf.get(i));
                case "rename" -> {
                    names.remove(op.name());
                    names.put(op.other(), inodeOf.get(i));
                }
                case "unlink" -> names.remove(op.name());
                case "write" -> write(inode, op.data(), fates[i]);
                case "ftruncate" -> inode.bytes = Arrays.copyOf(inode.bytes, op.length());
                default -> {}
            }
        }
        Map<String, byte[]> state = new TreeMap<>();
        names.forEach((name, inode) -> state.put(name, inodes.getOrDefault(inode, new Inode()).bytes));
        return state;
    }

    private static void write(Inode inode, byte[] data, Fate fate) {
        int from = fate == Fate.SECOND_HALF ? data.length / 2 : 0;
        int to = fate == Fate.FIRST_HALF ? data.length / 2 : data.length;
        byte[] bytes = Arrays.copyOf(inode.bytes, Math.max(inode.bytes.length, to));
        System.arraycopy(data, from, bytes, from, to - from);
        inode.bytes = bytes;
    }

    private static String identity(Map<String, byte[]> state) {
        StringBuilder identity = new StringBuilder();
        state.forEach((name, bytes) ->
                identity.append(name).append(' ').append(Arrays.hashCode(bytes)).append(' '));
        return identity.toString();
    }

    private String open(AccessPoint point, Map<String, byte[]> state) throws IOException {
        Path place = Files.createDirectories(directory.resolve("state"));
        try (Stream<Path> files = Files.list(place)) {
            for (Path file : files.toList()) {
                Files.delete(file);
            }
        }
        for (Map.Entry<String, byte[]> file : state.entrySet()) {
            Files.write(place.resolve(file.getKey()), file.getValue());
        }
        AccountStore store = new FileAccountStore(place, directory.resolve("no-rescue"), AccessPoint.CHEAP);
        return point.account(store, "acct").refreshToken().reveal();
    }

    // The trace

    private static Map<String, byte[]> snapshot(Path accounts) throws IOException {
        Map<String, byte[]> state = new TreeMap<>();
        try (Stream<Path> files = Files.list(accounts)) {
            for (Path file : files.toList()) {
                state.put(file.getFileName().toString(), Files.readAllBytes(file));
            }
        }
        return state;
    }

    private static List<Op> trace(AccessPoint point, Path accounts) throws Exception {
        Path log = point.file("strace.log");
        point.prefix.addAll(List.of(
                "strace",
                "-f",
                "-qq",
                "-y",
                "-xx",
                "-s",
                "300000",
                "-o",
                log.toString(),
                "-e",
                "trace=openat,pwrite64,write,ftruncate,fsync,fdatasync,rename,link,unlink"));
        for (String file :
                List.of("", "/acct.account", "/acct.account.next", "/acct.account.prev", "/acct.account.old")) {
            point.prefix.addAll(List.of("-P", accounts + file));
        }
        Result ended = point.run("renew", "--force");
        point.prefix.clear();
        assertEquals(0, ended.status(), ended.said());
        List<Op> ops = new ArrayList<>();
        for (String line : Files.readAllLines(log)) {
            Matcher call = CALL.matcher(line);
            if (call.matches()) {
                op(call.group(1), call.group(2)).ifPresent(ops::add);
            }
        }
        return ops;
    }

    private static java.util.Optional<Op> op(String call, String arguments) {
        List<String> names = new ArrayList<>();
        String readable = arguments.length() < 4000 ? text(arguments) : arguments;
        Matcher name = NAME.matcher(readable);
        while (name.find()) {
            names.add(name.group());
        }
        String first = names.isEmpty() ? "" : names.get(0);
        String second = names.size() > 1 ? names.get(1) : "";
        return java.util.Optional.ofNullable(
                switch (call) {
                    case "openat" -> arguments.contains("O_CREAT") ? new Op("create", first, "", null, 0) : null;
                    case "pwrite64", "write" -> new Op("write", descriptor(arguments), "", bytes(arguments), 0);
                    case "ftruncate" ->
                        new Op("ftruncate", first, "", null, Integer.parseInt(arguments.replaceAll(".*, ", "")));
                    case "fsync", "fdatasync" ->
                        first.isEmpty() ? new Op("syncdir", "", "", null, 0) : new Op("sync", first, "", null, 0);
                    case "rename", "link" -> new Op(call, first, second, null, 0);
                    case "unlink" -> new Op("unlink", first, "", null, 0);
                    default -> null;
                });
    }

    private static String descriptor(String arguments) {
        Matcher name = NAME.matcher(text(arguments.substring(0, arguments.indexOf(", "))));
        return name.find() ? name.group() : "";
    }

    /** Decodes the hexadecimal bytes of -xx. */
    private static String text(String arguments) {
        Matcher hex = Pattern.compile("(?:\\\\x[0-9a-f]{2})+").matcher(arguments);
        return hex.replaceAll(found -> Matcher.quoteReplacement(
                new String(unhex(found.group()), java.nio.charset.StandardCharsets.ISO_8859_1)));
    }

    private static byte[] bytes(String arguments) {
        int start = arguments.indexOf('"');
        return unhex(arguments.substring(start + 1, arguments.lastIndexOf('"')));
    }

    private static byte[] unhex(String text) {
        byte[] bytes = new byte[text.length() / 4];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) Integer.parseInt(text, 4 * i + 2, 4 * i + 4, 16);
        }
        return bytes;
    }
}
