package org.opensciencegrid.tokenrenewer.token;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Copies extended attributes, including ACLs. Java copies them only together with a file's content, which may be huge
 * and belongs to another user. So this class calls the JDK's private method for the attributes directly; the jar's
 * manifest opens its package.
 */
final class ExtendedAttributes {
    private static final Optional<Method> COPY = find();

    private ExtendedAttributes() {}

    private static Optional<Method> find() {
        try {
            for (Class<?> type = FileSystems.getDefault().getClass();
                    FileSystem.class.isAssignableFrom(type);
                    type = type.getSuperclass()) {
                for (Method method : type.getDeclaredMethods()) {
                    if (method.getName().equals("copyNonPosixAttributes")) {
                        method.setAccessible(true);
                        return Optional.of(method);
                    }
                }
            }
        } catch (RuntimeException e) {
            // this Java does not permit the call: token files then keep their attributes because they are overwritten
            // in place
        }
        return Optional.empty();
    }

    /**
     * Copies the permitted attributes between two open files; false if this Java cannot do it.
     *
     * @param from a path in /proc/self/fd, like the other one
     */
    static boolean copy(Path from, Path to) {
        if (COPY.isEmpty()) {
            return false;
        }
        try {
            COPY.get().invoke(FileSystems.getDefault(), number(from), number(to));
            return true;
        } catch (IllegalAccessException | InvocationTargetException | IllegalArgumentException e) {
            return false;
        }
    }

    private static int number(Path descriptor) {
        return Integer.parseInt(String.valueOf(descriptor.getFileName()));
    }
}
