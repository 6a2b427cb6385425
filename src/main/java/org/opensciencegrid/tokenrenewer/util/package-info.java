/**
 * Makes foreign text safe to show ({@code Printable}) and keeps secrets out of output ({@code Secret}, {@code Redactor}). The
 * lowest package: it depends on no other.
 */
@NullMarked
package org.opensciencegrid.tokenrenewer.util;

import org.jspecify.annotations.NullMarked;
