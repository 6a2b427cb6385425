/**
 * What becomes of an account after its setup, besides being renewed: another password, and its end. It knows neither setup
 * nor renewal nor status.
 */
@NullMarked
package org.opensciencegrid.tokenrenewer.life;

import org.jspecify.annotations.NullMarked;
