package org.opensciencegrid.tokenrenewer.renewal;

import java.util.List;
import java.util.Optional;
import org.opensciencegrid.tokenrenewer.failure.Failure;
import org.opensciencegrid.tokenrenewer.state.Destination;

/**
 * The result of one run of a post_renewal command.
 *
 * @param failure empty if it succeeded
 * @param destinations those that it reported, in its order
 */
record HookResult(Optional<Failure> failure, List<Destination> destinations) {
    static HookResult failed(Failure failure) {
        return new HookResult(Optional.of(failure), List.of());
    }
}
