/** Heavier tests that .ci/run starts by name: they need programs of Debian, or minutes. */
package org.opensciencegrid.tokenrenewer.rings;
