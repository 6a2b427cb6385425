package org.opensciencegrid.tokenrenewer.net;

import java.time.Duration;

/**
 * The time limits of a run. RENEWAL, LOCK, STOP and START are computed from the others. The unit file repeats the last two as TimeoutStopSec and
 * TimeoutStartSec.
 */
public final class Limits {
    /** To connect to one address of an issuer. */
    public static final Duration CONNECT = Duration.ofSeconds(5);

    /** To look up a name and connect to one of its addresses, including TLS. */
    public static final Duration CONNECT_ALL = Duration.ofSeconds(30);

    /** For a response, from the moment when the request was sent. */
    public static final Duration RESPONSE = Duration.ofMinutes(2);

    /** To wait for memory for a long response, even if the time for the response is nearly over. */
    static final Duration MEMORY_WAIT = Duration.ofSeconds(15);

    /** For the rest of a long response that has the memory. Also limits how long one server keeps others waiting. */
    static final Duration LONG_BODY = Duration.ofSeconds(5);

    /** No request of a renewal begins later than this after the first one. */
    public static final Duration RETRIES = Duration.ofSeconds(20);

    /** One renewal of one token with all its requests. A stop must wait this long. */
    public static final Duration RENEWAL =
            RETRIES.plus(CONNECT_ALL).plus(RESPONSE).plus(MEMORY_WAIT).plus(LONG_BODY);

    /**
     * To wait for the lock of an account: enough for one renewal. A run that renews several tokens of one account may
     * hold the lock longer.
     */
    public static final Duration LOCK = RENEWAL.plusSeconds(10);

    /**
     * In a cluster: the time that a lease must be valid when a request is sent. The longest wait for its answer, and
     * the save.
     */
    public static final Duration LEASE_TO_ASK =
            RESPONSE.plus(MEMORY_WAIT).plus(LONG_BODY).plusSeconds(10);

    /** In a cluster: the time between two renewals of a lease. */
    public static final Duration LEASE_RENEWAL = Duration.ofSeconds(10);

    /**
     * In a cluster: how long others wait after the holder of an account has disappeared. Shorter than LOCK, so that one
     * run can wait for it.
     */
    public static final Duration LEASE = LEASE_TO_ASK.plusSeconds(30);

    /** No renewal begins later in a run than this. */
    public static final Duration LAST_RENEWAL_START = Duration.ofMinutes(4);

    /** A run, including all post_renewal commands, ends before this. */
    public static final Duration RUN = Duration.ofMinutes(9);

    /** All messages of a run to the owners of accounts, after its renewals. */
    public static final Duration NOTIFY = Duration.ofSeconds(40);

    /** One of these messages. */
    public static final Duration ONE_NOTIFICATION = Duration.ofSeconds(10);

    /** How long a stop waits for a renewal and for the disk. */
    public static final Duration STOP = RENEWAL.plusSeconds(20);

    /** systemd ends a run that takes longer. The difference is more than NOTIFY. */
    public static final Duration START = RUN.plusSeconds(60);

    private Limits() {}
}
