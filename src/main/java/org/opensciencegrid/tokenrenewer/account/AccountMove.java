package org.opensciencegrid.tokenrenewer.account;

import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import org.opensciencegrid.cryptostore.AccountStore;
import org.opensciencegrid.cryptostore.LockedAccount;
import org.opensciencegrid.cryptostore.OpenAccount;
import org.opensciencegrid.cryptostore.Password;
import org.opensciencegrid.cryptostore.StoreException;
import org.opensciencegrid.tokenrenewer.failure.Failure;
import org.opensciencegrid.tokenrenewer.failure.FailureException;
import org.opensciencegrid.tokenrenewer.failure.FailureMapper;
import org.opensciencegrid.tokenrenewer.state.AccountState;
import org.opensciencegrid.tokenrenewer.state.StateStore;

/**
 * Moves an account between the files of a host and a cluster. The copy in the source is closed first: it keeps its
 * content, and no run uses it. Then the destination is written, and then the source is deleted. So at most one of the
 * two is used at any moment, and at each moment one of them has the refresh token. If a move is interrupted, the same
 * command completes it, and the opposite command takes it back.
 */
public record AccountMove(Place from, Place to, Duration lockWait) {
    /** @param name as in the member moved_to of an account that was moved there: {@code files} or {@code kubernetes NAMESPACE} */
    public record Place(String name, AccountStore store, StateStore states) {}

    /** @return false if the account was there already */
    public boolean run(String name, Password password) throws FailureException {
        try (LockedAccount source = from.store().lock(name, lockWait);
                LockedAccount destination = to.store().lock(name, lockWait)) {
            if (!source.exists()) {
                if (!destination.exists()) {
                    throw new FailureException(new Failure(Failure.Kind.ACCOUNT_MISSING, name, ""));
                }
                takeBack(name, destination, password);
                return false;
            }
            try (OpenAccount open = source.open(password)) {
                Account account = decode(open, from, name);
                requireMovedTo(to, account, from, name);
                boolean isClosed = account.movedTo().isPresent();
                boolean isOwner = isOwner(name, destination, password);
                if (!isClosed || !isOwner) {
                    NewestAccount.require(
                            account,
                            open,
                            HostIdentity.here(from.store(), name),
                            from.store().file(name));
                    if (isOwner) {
                        throw new FailureException(new Failure(
                                Failure.Kind.ACCOUNT_EXISTS,
                                to.store().file(name).toString(),
                                ""));
                    }
                    if (!isClosed) {
                        require(
                                open.save(account.withMovedTo(Optional.of(to.name()))
                                                .encode())
                                        .rescued(),
                                from,
                                name);
                    }
                    write(name, account, destination, password);
                }
            }
            source.delete();
            deleteState(name);
            return true;
        } catch (StoreException e) {
            throw new FailureException(FailureMapper.of(e));
        }
    }

    private void write(String name, Account account, LockedAccount destination, Password password)
            throws StoreException, FailureException {
        AccountState state = from.states().readOrUnknown(name);
        try {
            to.states().write(name, state);
        } catch (IOException e) {
            throw new FailureException(FailureMapper.ofState(e, name));
        }
        try (OpenAccount open = destination.create(password)) {
            boolean isRescued = open.save(account.withMovedTo(Optional.empty())
                            .savedBy(HostIdentity.here(to.store(), name))
                            .encode())
                    .rescued();
            require(isRescued, to, name);
        }
    }

    /** A rescue copy may be lost at the next boot, so the other place must keep the account. */
    private static void require(boolean isRescued, Place place, String name) throws FailureException {
        if (isRescued) {
            throw new FailureException(new Failure(
                    Failure.Kind.STORE_UNWRITABLE, place.store().file(name).toString(), "it could not be replaced"));
        }
    }

    /** Whether the destination has an account that is not closed itself. */
    private boolean isOwner(String name, LockedAccount destination, Password password)
            throws StoreException, FailureException {
        if (!destination.exists()) {
            return false;
        }
        try (OpenAccount open = destination.open(password)) {
            Account account = decode(open, to, name);
            requireMovedTo(from, account, to, name);
            return account.movedTo().isEmpty();
        }
    }

    /** The opposite move closed the account and wrote nothing. */
    private void takeBack(String name, LockedAccount destination, Password password)
            throws StoreException, FailureException {
        try (OpenAccount open = destination.open(password)) {
            Account account = decode(open, to, name);
            requireMovedTo(from, account, to, name);
            if (account.movedTo().isPresent()) {
                require(
                        open.save(account.withMovedTo(Optional.empty()).encode())
                                .rescued(),
                        to,
                        name);
            }
        }
    }

    /** An account that was moved to a third place may be in use there. */
    private static void requireMovedTo(Place expected, Account account, Place place, String name)
            throws FailureException {
        Optional<String> other = account.movedTo().filter(moved -> !moved.equals(expected.name()));
        if (other.isPresent()) {
            throw new FailureException(new Failure(
                    Failure.Kind.ACCOUNT_MOVED, place.store().file(name).toString(), other.get()));
        }
    }

    private static Account decode(OpenAccount open, Place place, String name) throws FailureException {
        try {
            return Account.decode(open.plaintext());
        } catch (IllegalArgumentException e) {
            throw new FailureException(
                    FailureMapper.invalidAccount(place.store().file(name), e));
        }
    }

    private void deleteState(String name) {
        try {
            from.states().delete(name);
        } catch (IOException e) {
            // It holds no secret, and the next account of that name replaces it.
        }
    }
}
