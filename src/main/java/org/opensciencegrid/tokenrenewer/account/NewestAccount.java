package org.opensciencegrid.tokenrenewer.account;

import java.nio.file.Path;
import java.util.Optional;
import org.opensciencegrid.cryptostore.OpenAccount;
import org.opensciencegrid.tokenrenewer.failure.Failure;
import org.opensciencegrid.tokenrenewer.failure.FailureException;
import org.opensciencegrid.tokenrenewer.failure.FailureMapper;

/**
 * Whether the refresh token of an account is the newest that is known. Only a renewal may save an account if it is not:
 * each save replaces the previous generation, which may have a newer one, and what shows that.
 */
final class NewestAccount {
    private NewestAccount() {}

    /** @throws FailureException if the account was restored from a backup, or its file is damaged */
    static void require(OpenAccount open, Path file) throws FailureException {
        Optional<Failure> why = FailureMapper.olderAccount(open, file);
        if (why.isEmpty() && open.recoveredFrom() == OpenAccount.RecoveredFrom.PREVIOUS) {
            why = Optional.of(new Failure(Failure.Kind.ACCOUNT_INTERRUPTED, file.toString(), ""));
        }
        if (why.isPresent()) {
            throw new FailureException(why.get());
        }
    }

    /** @throws FailureException also if the account is a copy, which another host may use */
    static void require(Account account, OpenAccount open, HostIdentity here, Path file) throws FailureException {
        Optional<Failure> why = account.whyCopied(here, file);
        if (why.isPresent()) {
            throw new FailureException(why.get());
        }
        require(open, file);
    }
}
