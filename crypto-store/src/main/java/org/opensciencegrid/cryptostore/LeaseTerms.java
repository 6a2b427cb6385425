package org.opensciencegrid.cryptostore;

import java.time.Duration;

/**
 * The times of a lease.
 *
 * @param duration how long others wait after a holder has disappeared
 * @param toAsk a request is sent only if the lease is valid for this time: the longest wait for an answer and the save
 * @param renewal time between two renewals of the lease
 */
public record LeaseTerms(Duration duration, Duration toAsk, Duration renewal) {}
