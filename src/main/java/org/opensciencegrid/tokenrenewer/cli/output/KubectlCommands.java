package org.opensciencegrid.tokenrenewer.cli.output;

import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.opensciencegrid.tokenrenewer.failure.Failure;

/** The commands of an administrator of the cluster that fix a failure to write a Secret. */
final class KubectlCommands {
    private static final Pattern SECRET = Pattern.compile("Secret ([-.a-z0-9]+)/([-.a-z0-9]+)");
    private static final Pattern VERB = Pattern.compile("(?:answered 403 to|may not) (get|create|update) ");
    private static final Pattern USER = Pattern.compile("system:serviceaccount:([-.a-z0-9]+:[-.a-z0-9]+)");

    private KubectlCommands() {}

    /** Gives the service account the missing right on this one Secret. */
    static Repair allow(Failure failure) {
        Matcher secret = SECRET.matcher(failure.where());
        Matcher verb = VERB.matcher(failure.detail());
        Matcher user = USER.matcher(failure.detail());
        if (!secret.matches() || !verb.find()) {
            return Repair.advice("let an administrator of the cluster allow it");
        }
        String namespace = secret.group(1);
        String name = secret.group(2);
        if (verb.group(1).equals("create")) { // a rule for create cannot name the object
            return new Repair(
                    "create the empty Secret once, as an administrator of the cluster",
                    List.of("kubectl", "--namespace", namespace, "create", "secret", "generic", name));
        }
        String role = "osg-token-renewer-" + name;
        String account = user.find() ? user.group(1) : namespace + ":NAME";
        return new Repair(
                "allow the service account to get and update this Secret, as an administrator of the cluster",
                List.of(
                        "sh",
                        "-c",
                        "kubectl --namespace " + namespace + " create role " + role
                                + " --verb=get,update --resource=secrets --resource-name=" + name
                                + "; kubectl --namespace " + namespace + " create rolebinding " + role + " --role="
                                + role + " --serviceaccount=" + account));
    }

    /** Never deletes a Secret, which may have content that nobody else has. */
    static Repair replace(Failure failure) {
        Matcher secret = SECRET.matcher(failure.where());
        if (!secret.matches()) {
            return Repair.advice("correct token_secret");
        }
        if (failure.detail().contains("answered 404")) {
            return new Repair(
                    "create the namespace, or correct token_secret",
                    List.of("kubectl", "create", "namespace", secret.group(1)));
        }
        return Repair.advice("use another Secret in token_secret");
    }
}
