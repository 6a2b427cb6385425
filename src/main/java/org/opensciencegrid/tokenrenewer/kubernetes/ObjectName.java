package org.opensciencegrid.tokenrenewer.kubernetes;

/** The name of an object in a cluster. The parts are names as Kubernetes allows them, so they need no encoding. */
public record ObjectName(Type type, String namespace, String name) {
    /** The types of objects that we use. */
    public enum Type {
        SECRET("v1", "Secret", "", "secrets"),
        LEASE("coordination.k8s.io/v1", "Lease", "coordination.k8s.io", "leases");

        private final String apiVersion;
        private final String kind;
        private final String group;
        private final String resource;

        Type(String apiVersion, String kind, String group, String resource) {
            this.apiVersion = apiVersion;
            this.kind = kind;
            this.group = group;
            this.resource = resource;
        }

        String apiVersion() {
            return apiVersion;
        }

        String kind() {
            return kind;
        }

        /** The API group in an RBAC rule; empty for the core group. */
        public String group() {
            return group;
        }

        /** The name of the type in paths and RBAC rules. */
        public String resource() {
            return resource;
        }
    }

    public ObjectName {
        if (!isName(namespace, 63) || !isName(name, 253)) {
            throw new IllegalArgumentException("not the name of an object: " + namespace + "/" + name);
        }
    }

    public static ObjectName secret(String namespace, String name) {
        return new ObjectName(Type.SECRET, namespace, name);
    }

    public static ObjectName lease(String namespace, String name) {
        return new ObjectName(Type.LEASE, namespace, name);
    }

    /** Whether Kubernetes accepts it as the name of a Secret or Lease (a DNS subdomain, RFC 1123). */
    public static boolean isName(String name) {
        return isName(name, 253);
    }

    /** Whether Kubernetes accepts it as the name of a namespace (a DNS label, RFC 1123). */
    public static boolean isNamespace(String name) {
        return isName(name, 63) && name.indexOf('.') < 0;
    }

    private static boolean isName(String name, int maxLength) {
        return name.length() <= maxLength
                && name.matches("[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*");
    }

    /** The path that the object is created in. */
    String collection() {
        return (type == Type.SECRET ? "/api/" : "/apis/") + type.apiVersion + "/namespaces/" + namespace + "/"
                + type.resource;
    }

    String path() {
        return collection() + "/" + name;
    }

    /** For messages: {@code Secret NAMESPACE/NAME}. */
    @Override
    public String toString() {
        return type.kind + " " + namespace + "/" + name;
    }
}
