/**
 * Text that came from outside made safe to show, and text that must never be shown: {@code Printable}, {@code Secret},
 * {@code Redactor}, and the one JSON reader and writer. The lowest room: it knows no other.
 */
@NullMarked
package org.opensciencegrid.tokenrenewer.text;

import org.jspecify.annotations.NullMarked;
