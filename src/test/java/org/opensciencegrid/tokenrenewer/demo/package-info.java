/** The README's first command: the whole job in one process, with the embedded issuer. Test scope only. */
package org.opensciencegrid.tokenrenewer.demo;
