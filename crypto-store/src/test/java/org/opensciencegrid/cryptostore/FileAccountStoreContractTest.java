package org.opensciencegrid.cryptostore;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.io.TempDir;

class FileAccountStoreContractTest extends AccountStoreContract {
    @TempDir
    private Path temporary;

    @Override
    AccountStore store() {
        return new FileAccountStore(
                temporary.resolve("accounts"), temporary.resolve("rescue"), Given.CHEAP, Given.HASH);
    }

    @Override
    void change(String name, UnaryOperator<byte[]> change) throws IOException {
        Path file = store().file(name);
        Files.write(file, change.apply(Files.readAllBytes(file)));
    }
}
