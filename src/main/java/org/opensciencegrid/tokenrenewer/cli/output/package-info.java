/**
 * All printed text: messages, repairs, tables, JSON, metrics.
 */
@NullMarked
package org.opensciencegrid.tokenrenewer.cli.output;

import org.jspecify.annotations.NullMarked;
