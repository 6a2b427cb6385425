package org.opensciencegrid.tokenrenewer;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.Architectures.layeredArchitecture;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.domain.JavaCall;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.properties.HasName;
import com.tngtech.archunit.core.domain.properties.HasOwner;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

/** The rooms of CONTRIBUTING.md, and who may know whom. */
@AnalyzeClasses(packages = "org.opensciencegrid", importOptions = ImportOption.DoNotIncludeTests.class)
class ArchitectureTest {
    private static final String ROOT = "org.opensciencegrid.tokenrenewer.";

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
                    "cli", "setup", "agent", "life", "renewal", "status", "check", "state", "account");

    @ArchTest
    static final ArchRule NO_CYCLES = slices().matching(ROOT + "(*)..").should().beFreeOfCycles();

    @ArchTest
    static final ArchRule BOUNCY_CASTLE_AT_HOME = onlyIn("org.opensciencegrid.cryptostore..", "org.bouncycastle..");

    @ArchTest
    static final ArchRule INI4J_AT_HOME = onlyIn(ROOT + "config..", "org.ini4j..");

    @ArchTest
    static final ArchRule NIMBUS_AT_HOME = onlyIn(ROOT + "oidc..", "com.nimbusds..");

    @ArchTest
    static final ArchRule HTTP_AT_HOME = onlyIn(ROOT + "oidc..", "javax.net.ssl..");

    @ArchTest
    static final ArchRule PICOCLI_AT_HOME = onlyIn(ROOT + "cli..", "picocli..");

    @ArchTest
    static final ArchRule QRCODEGEN_AT_HOME = onlyIn(ROOT + "cli..", "io.nayuki..");
    /** No program is run but a site's post_renewal. */
    @ArchTest
    static final ArchRule PROCESSES_AT_HOME = noClasses()
            .that()
            .doNotHaveFullyQualifiedName(ROOT + "renewal.HookProcess")
            .should()
            .dependOnClassesThat()
            .haveFullyQualifiedName("java.lang.ProcessBuilder")
            .orShould()
            .callMethodWhere(JavaCall.Predicates.target(
                            HasOwner.Predicates.With.owner(JavaClass.Predicates.equivalentTo(Runtime.class)))
                    .and(JavaCall.Predicates.target(HasName.Predicates.name("exec"))));

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
            .callMethodWhere(JavaCall.Predicates.target(
                            HasOwner.Predicates.With.owner(JavaClass.Predicates.resideInAPackage("org.ini4j..")))
                    .and(JavaCall.Predicates.target(HasName.Predicates.nameMatching("fetch|fetchAll|from|to|as"))));

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

    private static ArchRule onlyIn(String home, String library) {
        return noClasses()
                .that()
                .resideOutsideOfPackage(home)
                .should()
                .dependOnClassesThat()
                .resideInAPackage(library);
    }
}
