/**
 * A client of the API of a Kubernetes cluster: reads and writes Secrets and Leases. Knows nothing about accounts or
 * tokens.
 */
@NullMarked
package org.opensciencegrid.tokenrenewer.kubernetes;

import org.jspecify.annotations.NullMarked;
