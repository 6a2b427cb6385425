package org.opensciencegrid.tokenrenewer.kubernetes;

import java.util.Base64;
import java.util.Objects;
import java.util.Optional;
import org.opensciencegrid.tokenrenewer.json.JsonObject;
import org.opensciencegrid.tokenrenewer.kubernetes.KubernetesException.Kind;

/**
 * An immutable Secret or Lease. Keeps all members that it does not know, so that a replacement changes nothing else.
 * Prints no values.
 */
public final class KubernetesObject {
    private final ObjectName name;
    private final JsonObject json;

    KubernetesObject(ObjectName name, JsonObject json) {
        this.name = name;
        this.json = json;
    }

    /** A new object without content, to be created. */
    public static KubernetesObject of(ObjectName name) {
        JsonObject metadata =
                JsonObject.NONE.with("namespace", name.namespace()).with("name", name.name());
        JsonObject json = JsonObject.NONE
                .with("apiVersion", name.type().apiVersion())
                .with("kind", name.type().kind())
                .with("metadata", metadata);
        return new KubernetesObject(name, name.type() == ObjectName.Type.SECRET ? json.with("type", "Opaque") : json);
    }

    public ObjectName name() {
        return name;
    }

    /** The version that a replacement must name; empty for an object that is not created yet. */
    public String resourceVersion() {
        return json.member("metadata").string("resourceVersion").orElse("");
    }

    /** The type of a Secret, such as Opaque. */
    public String secretType() {
        return json.string("type").orElse("");
    }

    /** Whether nobody can change the content of a Secret. */
    public boolean isImmutable() {
        return Boolean.TRUE.equals(json.asMap().get("immutable"));
    }

    public Optional<String> annotation(String key) {
        return json.member("metadata").member("annotations").string(key);
    }

    public KubernetesObject withAnnotation(String key, String value) {
        return withMetadata("annotations", key, value);
    }

    public Optional<String> label(String key) {
        return json.member("metadata").member("labels").string(key);
    }

    public KubernetesObject withLabel(String key, String value) {
        return withMetadata("labels", key, value);
    }

    private KubernetesObject withMetadata(String map, String key, String value) {
        JsonObject metadata = json.member("metadata");
        return with("metadata", metadata.with(map, metadata.member(map).with(key, value)));
    }

    /** The content of a key of a Secret; empty if the key does not exist or is not Base64. */
    public Optional<byte[]> data(String key) {
        try {
            return json.member("data").string(key).map(Base64.getDecoder()::decode);
        } catch (IllegalArgumentException e) {
            return Optional.empty();
        }
    }

    /** Sets one key of a Secret and keeps the others. */
    public KubernetesObject withData(String key, byte[] content) {
        return with("data", json.member("data").with(key, Base64.getEncoder().encodeToString(content)));
    }

    /** The specification of a Lease. */
    public JsonObject spec() {
        return json.member("spec");
    }

    public KubernetesObject withSpec(JsonObject spec) {
        return with("spec", spec);
    }

    private KubernetesObject with(String member, JsonObject value) {
        return new KubernetesObject(name, json.with(member, value));
    }

    /** An exception for an object that was read and cannot be replaced. */
    public KubernetesException rejected(String why) {
        return new KubernetesException(Kind.REJECTED, "update", Optional.of(name), name + " cannot be changed: " + why);
    }

    String toJson() {
        return json.toJson();
    }

    /** Whether the other object has the content that this one was written with. The server adds other metadata. */
    boolean hasContentOf(KubernetesObject written) {
        // As the server reads it: numbers have the types of the parser.
        JsonObject other = JsonObject.parse(written.toJson()).orElse(JsonObject.NONE);
        JsonObject metadata = json.member("metadata");
        JsonObject otherMetadata = other.member("metadata");
        return isSame(json, other, "data")
                && isSame(json, other, "spec")
                && isSame(metadata, otherMetadata, "annotations")
                && isSame(metadata, otherMetadata, "labels");
    }

    private static boolean isSame(JsonObject a, JsonObject b, String member) {
        return Objects.equals(a.member(member).asMap(), b.member(member).asMap());
    }

    @Override
    public String toString() {
        return name.toString();
    }
}
