/**
 * The result of the last runs, and problems that need attention. Reads the config file, the state files and the token
 * files: no network, no password. It writes nothing and does not depend on renewal or setup. The text is in cli.output.
 */
@NullMarked
package org.opensciencegrid.tokenrenewer.status;

import org.jspecify.annotations.NullMarked;
