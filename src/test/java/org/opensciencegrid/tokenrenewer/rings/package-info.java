/** Heavier tests that the scripts in .ci start by name: they need Debian packages or minutes. */
package org.opensciencegrid.tokenrenewer.rings;
