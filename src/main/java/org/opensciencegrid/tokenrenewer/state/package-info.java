/**
 * What one run records for the next run and for {@code status}: one small JSON file for each account, without secrets.
 * Makes no decisions: renewal writes it, status reads it.
 */
@NullMarked
package org.opensciencegrid.tokenrenewer.state;

import org.jspecify.annotations.NullMarked;
