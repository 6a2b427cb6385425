package org.opensciencegrid.tokenrenewer;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.assignableTo;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.conditions.ArchConditions.be;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.fields;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noMethods;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaCall;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaMethod;
import com.tngtech.archunit.core.domain.properties.HasName;
import com.tngtech.archunit.core.domain.properties.HasOwner;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.lang.ConditionEvents;
import com.tngtech.archunit.lang.SimpleConditionEvent;
import java.io.FileOutputStream;
import java.io.FileWriter;
import java.io.RandomAccessFile;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URL;
import java.net.URLConnection;
import java.nio.channels.FileChannel;
import java.nio.channels.NetworkChannel;
import java.nio.file.Files;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.opensciencegrid.tokenrenewer.util.Secret;

/** The packages of CONTRIBUTING.md, and which of them may use which. */
@AnalyzeClasses(
        packages = {"org.opensciencegrid.tokenrenewer", "org.opensciencegrid.cryptostore"},
        importOptions = ImportOption.DoNotIncludeTests.class)
class ArchitectureTest {
    private static final String ROOT = "org.opensciencegrid.tokenrenewer.";
    private static final String STORE = "org.opensciencegrid.cryptostore.";

    /** Each line names layers; a layer may use the layers of later lines only. */
    private static final List<List<String>> LAYERS = List.of(
            List.of("cli"),
            List.of("cli.terminal"),
            List.of("cli.output"),
            List.of("setup", "oidcagent", "renewal", "status", "check"),
            List.of("systemd", "account", "notify"),
            List.of("state"),
            List.of("failure"),
            List.of("token"),
            List.of("config"),
            List.of("oidc", "kubernetes"),
            List.of("net"),
            List.of("json", "process"),
            List.of("util"),
            List.of("cryptostore"));

    @ArchTest
    static void lowerLayersDoNotUseHigherOnes(JavaClasses classes) {
        for (int i = 0; i < LAYERS.size(); i++) {
            for (String layer : LAYERS.get(i)) {
                Set<String> later = new HashSet<>(Set.of(layer));
                LAYERS.subList(i + 1, LAYERS.size()).forEach(later::addAll);
                classes()
                        .that(areIn(Set.of(layer)))
                        .should()
                        .onlyDependOnClassesThat(
                                DescribedPredicate.not(JavaClass.Predicates.resideInAPackage("org.opensciencegrid.."))
                                        .or(areIn(later)))
                        .check(classes);
            }
        }
    }

    /** A class that is in no layer would be free of all rules. */
    @ArchTest
    static final ArchRule NO_OTHER_LAYER =
            classes().should(be(areIn(LAYERS.stream().flatMap(List::stream).collect(Collectors.toSet()))));

    private static DescribedPredicate<JavaClass> areIn(Set<String> layers) {
        return DescribedPredicate.describe("are in " + layers, type -> layers.contains(layer(type)));
    }

    private static String layer(JavaClass type) {
        String name = type.getPackageName();
        return name.startsWith(ROOT)
                ? name.substring(ROOT.length())
                : name.startsWith(STORE) || (name + ".").equals(STORE) ? "cryptostore" : name;
    }

    @ArchTest
    static final ArchRule NO_CYCLES = slices().matching(ROOT + "(**)").should().beFreeOfCycles();

    @ArchTest
    static final ArchRule BOUNCY_CASTLE_AT_HOME = onlyIn(Set.of("cryptostore"), "org.bouncycastle..");

    @ArchTest
    static final ArchRule INI4J_AT_HOME = onlyIn(Set.of("config"), "org.ini4j..");

    @ArchTest
    static final ArchRule NIMBUS_AT_HOME = onlyIn(Set.of("oidc", "kubernetes", "net"), "com.nimbusds..");

    @ArchTest
    static final ArchRule JSON_SMART_AT_HOME = onlyIn(Set.of("json"), "net.minidev..");

    @ArchTest
    static final ArchRule HTTP_AT_HOME = noClasses()
            .that()
            .resideOutsideOfPackage(ROOT + "net..")
            .and(areNot(ROOT + "cli.SelfTest")) // it has a server of its own
            .should()
            .dependOnClassesThat(resideInAnyPackage("javax.net..", "java.net.http..")
                    .or(assignableTo(Socket.class))
                    .or(assignableTo(ServerSocket.class))
                    .or(assignableTo(NetworkChannel.class))
                    .or(assignableTo(URLConnection.class)))
            .orShould()
            .callMethod(URL.class, "openStream");

    @ArchTest
    static final ArchRule PICOCLI_AT_HOME = onlyIn(Set.of("cli"), "picocli..");

    @ArchTest
    static final ArchRule QRCODEGEN_AT_HOME = onlyIn(Set.of("cli.terminal"), "io.nayuki..");

    /** The SDK's own sender repeats POSTs, follows redirects and waits forever: see Transport. */
    @ArchTest
    static final ArchRule NEVER_THE_SDKS_SENDER = noClasses()
            .should()
            .callMethod("com.nimbusds.oauth2.sdk.http.HTTPRequest", "send")
            .orShould()
            .callMethod(
                    "com.nimbusds.oauth2.sdk.http.HTTPRequest",
                    "send",
                    "com.nimbusds.oauth2.sdk.http.HTTPRequestSender");

    /** ini4j's fetch() evaluates ${...}: a stack overflow at best (CVE-2022-41404). */
    @ArchTest
    static final ArchRule NEVER_FETCH = noClasses()
            .should()
            .callMethodWhere(targetOwner(JavaClass.Predicates.resideInAPackage("org.ini4j.."))
                    .and(targetName("fetch|fetchAll|from|to|as")));

    @ArchTest
    static final ArchRule PRINTING_AT_HOME = noClasses()
            .that()
            .resideOutsideOfPackage(ROOT + "cli..")
            .should()
            .accessField(System.class, "out")
            .orShould()
            .accessField(System.class, "err");

    @ArchTest
    static final ArchRule EXIT_IN_MAIN = noClasses()
            .that()
            .doNotHaveFullyQualifiedName(ROOT + "cli.Main")
            .should()
            .callMethod(System.class, "exit", int.class);

    /**
     * Other writes would not be synced or atomic, and the power loss tests would not cover them. In the store only
     * {@code Disk} writes; every other class here documents what a concurrent reader sees.
     */
    @ArchTest
    static final ArchRule WRITING_AT_HOME = noClasses()
            .that(areNot(
                    STORE + "RealDisk",
                    STORE + "ProcessLock",
                    STORE + "RegularFile",
                    STORE + "HeldDirectory",
                    STORE + "KeyCache",
                    ROOT + "token.TokenFile",
                    ROOT + "state.FileStateStore",
                    ROOT + "cli.ConfigAppender",
                    ROOT + "cli.PostSetup",
                    ROOT + "cli.SelfTest",
                    ROOT + "cli.output.MetricsFile",
                    ROOT + "cli.CommandContext"))
            .should()
            .callMethodWhere(targetOwner(assignableTo(Files.class))
                    .and(targetName(
                            "write.*|newOutputStream|newBufferedWriter|newByteChannel|copy|move|create.*|delete.*")))
            .orShould()
            .callMethodWhere(targetOwner(assignableTo(FileChannel.class)).and(targetName("open")))
            .orShould()
            .dependOnClassesThat(assignableTo(FileOutputStream.class)
                    .or(assignableTo(FileWriter.class))
                    .or(assignableTo(RandomAccessFile.class)))
            .because("a write elsewhere is neither forced nor atomic, and no test takes the power away under it");

    /** Even the classes that may write must not use a single call if a power failure could lose important data. */
    @ArchTest
    static final ArchRule NO_WRITE_THAT_CANNOT_BE_FORCED = noClasses()
            .that(areNot(
                    ROOT + "state.FileStateStore",
                    ROOT + "cli.ConfigAppender",
                    ROOT + "cli.SelfTest",
                    ROOT + "cli.output.MetricsFile"))
            .should()
            .callMethodWhere(targetOwner(assignableTo(Files.class))
                    .and(targetName("write|writeString|newOutputStream|newBufferedWriter")));

    /**
     * Only these classes start programs, without a shell. A renewal starts only the site's own; the service's sandbox
     * relies on it.
     */
    @ArchTest
    static final ArchRule PROCESSES_AT_HOME = noClasses()
            .that(areNot(ROOT + "cli.SelfTest", ROOT + "process.SiteProgram", ROOT + "systemd.RunningTimer"))
            .should()
            .dependOnClassesThat()
            .areAssignableTo(ProcessBuilder.class)
            .orShould()
            .callMethodWhere(targetOwner(assignableTo(Runtime.class)).and(targetName("exec")));

    /** A generated toString prints the content of a String, and a log may print the record around it. */
    @ArchTest
    static final ArchRule SECRETS_ARE_A_TYPE = fields().that()
            .areNotStatic()
            .and()
            .haveNameMatching("(?i).*(secret|password|passphrase|(refresh|access|registration|id)_?token|device_?code)")
            .and()
            .areDeclaredInClassesThat(areNot(STORE + "Password"))
            .should()
            .notHaveRawType(assignableTo(CharSequence.class)
                    .or(assignableTo(byte[].class))
                    .or(assignableTo(char[].class)))
            .because("a secret is a util.Secret or a cryptostore.Password, which print nothing");

    @ArchTest
    static final ArchRule NOTHING_REVEALED_IN_TO_STRING = noMethods()
            .that()
            .haveName("toString")
            .should(new ArchCondition<>("reveal a secret") {
                @Override
                public void check(JavaMethod method, ConditionEvents events) {
                    method.getAccessesFromSelf().stream()
                            .filter(access -> access.getTarget().getOwner().isEquivalentTo(Secret.class)
                                    && access.getName().equals("reveal"))
                            .forEach(access ->
                                    events.add(SimpleConditionEvent.satisfied(method, access.getDescription())));
                }
            });

    private static DescribedPredicate<JavaClass> areNot(String... names) {
        return DescribedPredicate.describe(
                "are not " + String.join(", ", names),
                type -> Stream.of(names)
                        .noneMatch(name ->
                                type.getName().equals(name) || type.getName().startsWith(name + "$")));
    }

    private static DescribedPredicate<JavaCall<?>> targetOwner(DescribedPredicate<? super JavaClass> owner) {
        return JavaCall.Predicates.target(HasOwner.Predicates.With.owner(owner));
    }

    private static DescribedPredicate<JavaCall<?>> targetName(String pattern) {
        return JavaCall.Predicates.target(HasName.Predicates.nameMatching(pattern));
    }

    private static ArchRule onlyIn(Set<String> layers, String library) {
        return noClasses()
                .that(DescribedPredicate.not(areIn(layers)))
                .should()
                .dependOnClassesThat()
                .resideInAPackage(library);
    }
}
