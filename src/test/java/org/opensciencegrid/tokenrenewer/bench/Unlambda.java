package org.opensciencegrid.tokenrenewer.bench;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;
import java.util.zip.ZipOutputStream;
import org.objectweb.asm.ClassReader;
import org.objectweb.asm.ClassVisitor;
import org.objectweb.asm.ClassWriter;
import org.objectweb.asm.Handle;
import org.objectweb.asm.MethodVisitor;
import org.objectweb.asm.Opcodes;
import org.objectweb.asm.Type;
import org.objectweb.asm.commons.GeneratorAdapter;
import org.objectweb.asm.commons.Method;

/**
 * {@code Unlambda IN OUT}: copies a jar, with a class in the place of each lambda and method reference of ours. A run uses 130 of
 * them once each, and what the JDK does to link one costs more than what it is for; a class is in the archive of classes ready
 * for use. Java 24 and later can keep linked ones, earlier ones cannot.
 */
public final class Unlambda {
    private static final String OURS = "org/opensciencegrid/";
    private static final String FACTORY = "java/lang/invoke/LambdaMetafactory";

    /** All entries of the jar in their order, with what was added. */
    private final Map<String, byte[]> entries = new LinkedHashMap<>();

    /** New members of a nest, by its host: they call private methods of the class that they were taken from. */
    private final Map<String, List<String>> members = new LinkedHashMap<>();

    private Unlambda() {}

    public static void main(String[] arguments) throws IOException {
        Unlambda jar = new Unlambda();
        long time;
        try (ZipInputStream in = new ZipInputStream(Files.newInputStream(Path.of(arguments[0])))) {
            time = jar.read(in);
        }
        jar.members.forEach((host, added) ->
                jar.entries.computeIfPresent(host + ".class", (name, bytes) -> withMembers(bytes, added)));
        try (OutputStream out = Files.newOutputStream(Path.of(arguments[1]))) {
            jar.write(out, time);
        }
    }

    private long read(ZipInputStream in) throws IOException {
        long time = 0;
        for (ZipEntry entry; (entry = in.getNextEntry()) != null; ) {
            time = entry.getTime(); // the build gives all of them the same
            byte[] bytes = ((InputStream) in).readAllBytes();
            boolean isOurs = entry.getName().startsWith(OURS) && entry.getName().endsWith(".class");
            entries.put(entry.getName(), isOurs ? rewritten(bytes) : bytes);
        }
        return time;
    }

    private void write(OutputStream to, long time) throws IOException {
        try (ZipOutputStream out = new ZipOutputStream(to)) {
            for (Map.Entry<String, byte[]> each : entries.entrySet()) {
                ZipEntry entry = new ZipEntry(each.getKey());
                entry.setTime(time);
                out.putNextEntry(entry);
                out.write(each.getValue());
                out.closeEntry();
            }
        }
    }

    private byte[] rewritten(byte[] bytes) {
        ClassWriter writer = new ClassWriter(0);
        new ClassReader(bytes).accept(new Host(writer), 0);
        return writer.toByteArray();
    }

    private static byte[] withMembers(byte[] bytes, List<String> added) {
        ClassWriter writer = new ClassWriter(0);
        new ClassReader(bytes)
                .accept(
                        new ClassVisitor(Opcodes.ASM9, writer) {
                            @Override
                            public void visitEnd() {
                                added.forEach(this::visitNestMember);
                                super.visitEnd();
                            }
                        },
                        0);
        return writer.toByteArray();
    }

    /** A class with lambdas. */
    private final class Host extends ClassVisitor {
        private String name;
        private String nest;
        private int version;
        private int lambdas;

        Host(ClassWriter writer) {
            super(Opcodes.ASM9, writer);
        }

        @Override
        public void visit(int version, int access, String name, String signature, String parent, String[] interfaces) {
            this.version = version;
            this.name = name;
            this.nest = name;
            super.visit(version, access, name, signature, parent, interfaces);
        }

        @Override
        public void visitNestHost(String host) {
            nest = host;
            super.visitNestHost(host);
        }

        @Override
        public MethodVisitor visitMethod(int access, String method, String type, String signature, String[] thrown) {
            return new MethodVisitor(Opcodes.ASM9, super.visitMethod(access, method, type, signature, thrown)) {
                @Override
                public void visitInvokeDynamicInsn(String sam, String site, Handle bootstrap, Object... arguments) {
                    if (bootstrap.getOwner().equals(FACTORY)
                            && bootstrap.getName().equals("metafactory")) {
                        String lambda = name + "$Lambda" + ++lambdas;
                        entries.put(lambda + ".class", new Lambda(lambda, site, version, nest).of(sam, arguments));
                        members.computeIfAbsent(nest, host -> new ArrayList<>()).add(lambda);
                        super.visitMethodInsn(Opcodes.INVOKESTATIC, lambda, "make", site, false);
                    } else {
                        super.visitInvokeDynamicInsn(sam, site, bootstrap, arguments);
                    }
                }
            };
        }
    }

    /** The class for one lambda: what it captures in fields, and the one method of its interface. */
    private static final class Lambda {
        private final ClassWriter writer = new ClassWriter(ClassWriter.COMPUTE_MAXS);
        private final Type self;
        private final Type[] captured;

        Lambda(String name, String site, int version, String nest) {
            self = Type.getObjectType(name);
            captured = Type.getArgumentTypes(site);
            Type implemented = Type.getReturnType(site);
            writer.visit(
                    version,
                    Opcodes.ACC_FINAL | Opcodes.ACC_SUPER | Opcodes.ACC_SYNTHETIC,
                    name,
                    null,
                    "java/lang/Object",
                    new String[] {implemented.getInternalName()});
            writer.visitNestHost(nest);
            Method constructor = new Method("<init>", Type.VOID_TYPE, captured);
            GeneratorAdapter code = method(Opcodes.ACC_PRIVATE, constructor);
            code.loadThis();
            code.invokeConstructor(Type.getType(Object.class), new Method("<init>", "()V"));
            for (int i = 0; i < captured.length; i++) {
                writer.visitField(
                        Opcodes.ACC_PRIVATE | Opcodes.ACC_FINAL, "c" + i, captured[i].getDescriptor(), null, null);
                code.loadThis();
                code.loadArg(i);
                code.putField(self, "c" + i, captured[i]);
            }
            code.returnValue();
            code.endMethod();
            GeneratorAdapter make = method(Opcodes.ACC_STATIC, new Method("make", site));
            make.newInstance(self);
            make.dup();
            make.loadArgs();
            make.invokeConstructor(self, constructor);
            make.returnValue();
            make.endMethod();
        }

        /**
         * @param arguments those of {@link java.lang.invoke.LambdaMetafactory#metafactory}: the type of the method as declared,
         *     what is to be called, the type as it is used
         */
        byte[] of(String sam, Object[] arguments) {
            Method declared = new Method(sam, ((Type) arguments[0]).getDescriptor());
            Handle called = (Handle) arguments[1];
            Type[] used = ((Type) arguments[2]).getArgumentTypes();
            GeneratorAdapter code = method(Opcodes.ACC_PUBLIC, declared);
            Type owner = Type.getObjectType(called.getOwner());
            boolean makes = called.getTag() == Opcodes.H_NEWINVOKESPECIAL;
            List<Type> wanted = new ArrayList<>();
            if (makes) {
                code.newInstance(owner);
                code.dup();
            } else if (called.getTag() != Opcodes.H_INVOKESTATIC) {
                wanted.add(owner);
            }
            wanted.addAll(List.of(Type.getArgumentTypes(called.getDesc())));
            for (int i = 0; i < captured.length; i++) {
                code.loadThis();
                code.getField(self, "c" + i, captured[i]);
                convert(code, captured[i], wanted.get(i));
            }
            for (int i = 0; i < used.length; i++) {
                code.loadArg(i);
                convert(code, declared.getArgumentTypes()[i], used[i]);
                convert(code, used[i], wanted.get(captured.length + i));
            }
            code.visitMethodInsn(
                    opcode(called), called.getOwner(), called.getName(), called.getDesc(), called.isInterface());
            Type got = makes ? owner : Type.getReturnType(called.getDesc());
            Type returned = declared.getReturnType();
            if (returned == Type.VOID_TYPE) {
                if (got.getSize() == 2) {
                    code.pop2();
                } else if (got.getSize() == 1) {
                    code.pop();
                }
            } else {
                convert(code, got, returned);
            }
            code.returnValue();
            code.endMethod();
            writer.visitEnd();
            return writer.toByteArray();
        }

        /** Private methods too are called so by members of the nest (JVMS 17 section 5.4.3.3). */
        private static int opcode(Handle called) {
            return switch (called.getTag()) {
                case Opcodes.H_INVOKESTATIC -> Opcodes.INVOKESTATIC;
                case Opcodes.H_NEWINVOKESPECIAL -> Opcodes.INVOKESPECIAL;
                default -> called.isInterface() ? Opcodes.INVOKEINTERFACE : Opcodes.INVOKEVIRTUAL;
            };
        }

        private static boolean isPrimitive(Type type) {
            return type.getSort() < Type.ARRAY;
        }

        private static void convert(GeneratorAdapter code, Type from, Type to) {
            if (from.equals(to)) {
                return;
            }
            if (isPrimitive(from) && isPrimitive(to)) {
                code.cast(from, to);
            } else if (isPrimitive(from)) {
                code.valueOf(from);
            } else if (isPrimitive(to)) {
                code.unbox(to);
            } else {
                code.checkCast(to);
            }
        }

        private GeneratorAdapter method(int access, Method method) {
            return new GeneratorAdapter(access, method, null, null, writer);
        }
    }
}
