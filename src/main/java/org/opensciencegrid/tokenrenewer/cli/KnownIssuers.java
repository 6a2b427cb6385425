package org.opensciencegrid.tokenrenewer.cli;

import java.util.List;

/** Public issuers of our users, which setup's prompt lists. You can type any other. */
final class KnownIssuers {
    static final List<String> LIST = List.of(
            "https://cilogon.org",
            "https://wlcg.cloud.cnaf.infn.it/",
            "https://cms-auth.cern.ch/",
            "https://atlas-auth.cern.ch/",
            "https://aai.egi.eu/auth/realms/egi",
            "https://login.helmholtz.de/oauth2",
            "https://demo.scitokens.org");

    private KnownIssuers() {}
}
