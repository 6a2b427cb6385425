package org.opensciencegrid.tokenrenewer;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.assignableTo;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.fields;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noMethods;
import static com.tngtech.archunit.library.Architectures.layeredArchitecture;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaCall;
import com.tngtech.archunit.core.domain.JavaClass;
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
import java.util.stream.Stream;
import org.opensciencegrid.tokenrenewer.text.Secret;

/** The rooms of CONTRIBUTING.md, and who may know whom. */
@AnalyzeClasses(packages = "org.opensciencegrid", importOptions = ImportOption.DoNotIncludeTests.class)
class ArchitectureTest {
    private static final String ROOT = "org.opensciencegrid.tokenrenewer.";
    private static final String STORE = "org.opensciencegrid.cryptostore.";

    @ArchTest
    static final ArchRule DIRECTION = layeredArchitecture()
            .consideringOnlyDependenciesInLayers()
            .layer("cli")
            .definedBy(ROOT + "cli..")
            .layer("setup")
            .definedBy(ROOT + "setup..")
            .layer("renewal")
            .definedBy(ROOT + "renewal..")
            .layer("status")
            .definedBy(ROOT + "status..")
            .layer("check")
            .definedBy(ROOT + "check..")
            .layer("agent")
            .definedBy(ROOT + "agent..")
            .layer("life")
            .definedBy(ROOT + "life..")
            .layer("systemd")
            .definedBy(ROOT + "systemd..")
            .layer("state")
            .definedBy(ROOT + "state..")
            .layer("account")
            .definedBy(ROOT + "account..")
            .layer("token")
            .definedBy(ROOT + "token..")
            .layer("config")
            .definedBy(ROOT + "config..")
            .layer("oidc")
            .definedBy(ROOT + "oidc..")
            .layer("text")
            .definedBy(ROOT + "text..")
            .layer("cryptostore")
            .definedBy("org.opensciencegrid.cryptostore..")
            .whereLayer("cli")
            .mayNotBeAccessedByAnyLayer()
            .whereLayer("setup")
            .mayOnlyBeAccessedByLayers("cli")
            .whereLayer("renewal")
            .mayOnlyBeAccessedByLayers("cli")
            .whereLayer("status")
            .mayOnlyBeAccessedByLayers("cli")
            .whereLayer("check")
            .mayOnlyBeAccessedByLayers("cli")
            .whereLayer("systemd")
            .mayOnlyBeAccessedByLayers("cli", "status", "check")
            .whereLayer("agent")
            .mayOnlyBeAccessedByLayers("cli")
            .whereLayer("life")
            .mayOnlyBeAccessedByLayers("cli")
            .whereLayer("state")
            .mayOnlyBeAccessedByLayers("cli", "setup", "agent", "life", "renewal", "status", "check")
            .whereLayer("account")
            .mayOnlyBeAccessedByLayers("cli", "setup", "agent", "life", "renewal", "status", "check")
            .whereLayer("token")
            .mayOnlyBeAccessedByLayers("renewal", "status", "check", "state")
            .whereLayer("config")
            .mayOnlyBeAccessedByLayers("cli", "renewal", "status", "check", "token")
            .whereLayer("oidc")
            .mayOnlyBeAccessedByLayers(
                    "cli", "setup", "agent", "life", "renewal", "status", "check", "state", "account", "config")
            .whereLayer("cryptostore")
            .mayOnlyBeAccessedByLayers(
                    "cli", "setup", "agent", "life", "renewal", "status", "check", "state", "account", "config");

    @ArchTest
    static final ArchRule NO_CYCLES = slices().matching(ROOT + "(*)..").should().beFreeOfCycles();

    @ArchTest
    static final ArchRule BOUNCY_CASTLE_AT_HOME = onlyIn("org.opensciencegrid.cryptostore..", "org.bouncycastle..");

    @ArchTest
    static final ArchRule INI4J_AT_HOME = onlyIn(ROOT + "config..", "org.ini4j..");

    @ArchTest
    static final ArchRule NIMBUS_AT_HOME = onlyIn(ROOT + "oidc..", "com.nimbusds..");

    @ArchTest
    static final ArchRule HTTP_AT_HOME = noClasses()
            .that()
            .resideOutsideOfPackage(ROOT + "oidc..")
            .should()
            .dependOnClassesThat(resideInAnyPackage("javax.net..", "java.net.http..")
                    .or(assignableTo(Socket.class))
                    .or(assignableTo(ServerSocket.class))
                    .or(assignableTo(NetworkChannel.class))
                    .or(assignableTo(URLConnection.class)))
            .orShould()
            .callMethod(URL.class, "openStream");

    @ArchTest
    static final ArchRule PICOCLI_AT_HOME = onlyIn(ROOT + "cli..", "picocli..");

    @ArchTest
    static final ArchRule QRCODEGEN_AT_HOME = onlyIn(ROOT + "cli..", "io.nayuki..");

    /** The SDK's own sender repeats POSTs, follows redirects and waits for ever: see Transport. */
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
     * What is written elsewhere is not forced, not atomic, and not seen by the tests that take the power away. In the
     * store only {@code Disk} writes; each other class here says what becomes of a reader in between.
     */
    @ArchTest
    static final ArchRule WRITING_AT_HOME = noClasses()
            .that(areNot(
                    STORE + "RealDisk",
                    STORE + "ProcessLock",
                    STORE + "RegularFile",
                    STORE + "KeyCache",
                    ROOT + "token.TokenFile",
                    ROOT + "state.StateFiles",
                    ROOT + "cli.ConfigWriter",
                    ROOT + "cli.Handover",
                    ROOT + "cli.MetricsFile",
                    ROOT + "cli.Root"))
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

    /** Nor may those who are let write do it in one call, where what is lost by a power cut would matter. */
    @ArchTest
    static final ArchRule NO_WRITE_THAT_CANNOT_BE_FORCED = noClasses()
            .that(areNot(ROOT + "state.StateFiles", ROOT + "cli.ConfigWriter", ROOT + "cli.MetricsFile"))
            .should()
            .callMethodWhere(targetOwner(assignableTo(Files.class))
                    .and(targetName("write|writeString|newOutputStream|newBufferedWriter")));

    /** A site's hook is the one program that is started, without a shell; the service's sandbox counts on it. */
    @ArchTest
    static final ArchRule PROCESSES_AT_HOME = noClasses()
            .that()
            .doNotHaveFullyQualifiedName(ROOT + "renewal.HookProcess")
            .should()
            .dependOnClassesThat()
            .areAssignableTo(ProcessBuilder.class)
            .orShould()
            .callMethodWhere(targetOwner(assignableTo(Runtime.class)).and(targetName("exec")));

    /** A generated toString prints what a String holds, and somebody will print the record around it. */
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
            .because("a secret is a text.Secret or a cryptostore.Password, which print nothing");

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

    private static ArchRule onlyIn(String home, String library) {
        return noClasses()
                .that()
                .resideOutsideOfPackage(home)
                .should()
                .dependOnClassesThat()
                .resideInAPackage(library);
    }
}
