/** Heavier tests that .ci/run starts by name: they need Debian packages or minutes. */
package org.opensciencegrid.tokenrenewer.rings;
