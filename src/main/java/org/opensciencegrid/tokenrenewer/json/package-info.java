/**
 * Reads and writes JSON. The only package that knows json-smart.
 */
@NullMarked
package org.opensciencegrid.tokenrenewer.json;

import org.jspecify.annotations.NullMarked;
