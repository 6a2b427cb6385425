package org.opensciencegrid.tokenrenewer.state;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.opensciencegrid.tokenrenewer.json.JsonObject;

/**
 * A place to which a token's post_renewal command copied the token, as the command reported it.
 *
 * @param name one printable word
 * @param failingSince empty if the last copy succeeded
 * @param reason why the last copy failed; printable, without the token; empty if it succeeded
 */
public record Destination(String name, Optional<Instant> failingSince, String reason) {
    public boolean hasFailed() {
        return failingSince.isPresent();
    }

    static List<Destination> of(List<JsonObject> rows) {
        List<Destination> destinations = new ArrayList<>();
        for (JsonObject row : rows) {
            row.string("destination")
                    .ifPresent(name -> destinations.add(new Destination(
                            name,
                            row.time("failing_since"),
                            row.string("reason").orElse(""))));
        }
        return destinations;
    }

    /** As in state files and in JSON output. */
    public Map<String, Object> asMap() {
        return JsonObject.NONE
                .with("destination", name)
                .with("failing_since", failingSince)
                .with("reason", reason)
                .asMap();
    }
}
