/**
 * What the last runs left behind, and what needs a person: read from the config file, the state files and the token
 * files. No network, no password. It writes nothing and knows neither renewal nor setup; the words are the cli's.
 */
@NullMarked
package org.opensciencegrid.tokenrenewer.status;

import org.jspecify.annotations.NullMarked;
