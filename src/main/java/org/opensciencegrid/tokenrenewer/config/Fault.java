package org.opensciencegrid.tokenrenewer.config;

/**
 * What keeps the text from being read, before it is asked what the options mean.
 *
 * @param kind the exception with which Python's configparser answers; tests compare it
 */
record Fault(Kind kind, int line, String text) {
    enum Kind {
        MISSING_SECTION_HEADER,
        DUPLICATE_SECTION,
        DUPLICATE_OPTION,
        PARSING,
        INTERPOLATION_SYNTAX,
        INTERPOLATION_MISSING_OPTION,
        INTERPOLATION_DEPTH
    }
}
