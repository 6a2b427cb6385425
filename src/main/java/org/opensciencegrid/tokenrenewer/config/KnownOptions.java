package org.opensciencegrid.tokenrenewer.config;

import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/** The options that have a meaning. Any other option is ignored with a warning. */
final class KnownOptions {
    static final List<String> ACCOUNT = List.of(
            "password_file",
            "token_request_url",
            "issuer",
            "client_id",
            "client_secret",
            "client_secret_file",
            "client_key_file",
            "client_assertion_file",
            "assertion_audience",
            "tls_cert_file",
            "tls_key_file",
            "audience_parameter",
            "client_auth",
            "ca_file",
            "ca_dir",
            "proxy",
            "no_proxy",
            "answer_timeout",
            "owner",
            NotifyOptions.OPTION,
            "notify_after",
            "notify_relay",
            "notify_from");

    static final List<String> TOKEN = List.of(
            "account",
            "token_path",
            "token_secret",
            "audience",
            "scope",
            "exchange",
            Section.EXCHANGE_RESOURCE,
            "min_lifetime",
            "strict",
            "token_mode",
            "token_owner",
            "token_group",
            "post_renewal",
            "post_renewal_timeout",
            "post_renewal_when",
            "post_renewal_environment",
            ForEach.OPTION);

    /** Options whose words may be on several lines. */
    static final List<String> LISTS = List.of(
            "audience",
            "scope",
            Section.EXCHANGE_RESOURCE,
            "no_proxy",
            "post_renewal_environment",
            ForEach.OPTION,
            NotifyOptions.OPTION);

    private static final int MAX_TYPOS = 2;

    private KnownOptions() {}

    /**
     * The known word that was probably meant. Short words must match exactly except for case, because too many are
     * similar.
     */
    static Optional<String> nearest(String word, Collection<String> known) {
        return known.stream()
                .filter(candidate -> candidate.equalsIgnoreCase(word)
                        || candidate.length() > 2 * MAX_TYPOS && distance(word, candidate) <= MAX_TYPOS)
                .min(Comparator.comparingInt(candidate -> distance(word, candidate)));
    }

    /** The Levenshtein distance. */
    private static int distance(String a, String b) {
        int[] row = new int[b.length() + 1];
        for (int j = 0; j < row.length; j++) {
            row[j] = j;
        }
        for (int i = 1; i <= a.length(); i++) {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j < row.length; j++) {
                int substituted = diagonal + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.min(substituted, 1 + Math.min(row[j], row[j - 1]));
            }
        }
        return row[b.length()];
    }
}
