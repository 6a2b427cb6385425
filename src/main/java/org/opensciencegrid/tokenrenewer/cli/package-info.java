/**
 * The command line. Commands are short: they read options, call one task of renewal, setup
 * or status, and print the result. The only package that uses picocli and exit; only its subpackages also use
 * System.out. Its text is in cli.output.
 */
@NullMarked
package org.opensciencegrid.tokenrenewer.cli;

import org.jspecify.annotations.NullMarked;
