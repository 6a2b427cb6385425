/** The README's first command: the whole job in one process, on an issuer of our own. Test scope only. */
package org.opensciencegrid.tokenrenewer.demo;
