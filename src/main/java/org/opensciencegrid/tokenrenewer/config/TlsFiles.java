package org.opensciencegrid.tokenrenewer.config;

import java.nio.file.Path;

/**
 * The files of a certificate.
 *
 * @param certificate PEM: the certificate, then those of its CAs
 * @param key its private key, in PEM
 */
public record TlsFiles(Path certificate, Path key) {}
