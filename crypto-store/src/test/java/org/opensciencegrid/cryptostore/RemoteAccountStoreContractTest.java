package org.opensciencegrid.cryptostore;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.io.TempDir;

class RemoteAccountStoreContractTest extends AccountStoreContract {
    private static final LeaseTerms TERMS =
            new LeaseTerms(Duration.ofMinutes(3), Duration.ofSeconds(150), Duration.ofSeconds(10));

    @TempDir
    private Path temporary;

    private final MemoryRecords records = new MemoryRecords();

    @Override
    AccountStore store() {
        return new RemoteAccountStore(
                records.client("pod"),
                temporary.resolve("rescue"),
                TERMS,
                failure -> {},
                new FileAccountStore.Tools(new RealDisk(), Given.HASH, Given.CHEAP, () -> Given.RANDOM));
    }

    @Override
    void change(String name, UnaryOperator<byte[]> change) throws IOException {
        AccountRecords client = records.client("damage");
        AccountRecords.Stored<AccountRecords.Entry> stored = client.read(name).orElseThrow();
        AccountRecords.Entry entry = stored.content();
        client.write(
                name,
                Optional.of(stored.version()),
                new AccountRecords.Entry(
                        change.apply(entry.sealed()), entry.asked(), entry.answered(), entry.intent()));
    }
}
