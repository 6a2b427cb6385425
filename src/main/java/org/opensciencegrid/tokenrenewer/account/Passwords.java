package org.opensciencegrid.tokenrenewer.account;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.opensciencegrid.cryptostore.Password;
import org.opensciencegrid.cryptostore.PasswordFile;
import org.opensciencegrid.cryptostore.PasswordFileException;

/**
 * Where an account's password comes from: {@code NAME.pw} among systemd's credentials when the site uses
 * {@code LoadCredential=}, else its {@code password_file}.
 */
public final class Passwords {
    private final Optional<Path> credentialsDirectory;

    /**
     * @param credentialsDirectory $CREDENTIALS_DIRECTORY
     */
    public Passwords(Optional<Path> credentialsDirectory) {
        this.credentialsDirectory = credentialsDirectory;
    }

    public Password read(String account, Path passwordFile) throws PasswordFileException {
        Optional<Path> credential = credentialsDirectory
                .map(directory -> directory.resolve(account + ".pw"))
                .filter(Files::exists);
        Password password = PasswordFile.read(credential.orElse(passwordFile));
        // systemd gives a credential to one start of the unit: what is derived from it is not to outlive that.
        return credential.isPresent() ? password.withoutOrigin() : password;
    }
}
