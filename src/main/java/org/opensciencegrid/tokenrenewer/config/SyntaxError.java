package org.opensciencegrid.tokenrenewer.config;

/**
 * A syntax error: the text cannot be read as sections and options.
 *
 * @param kind the exception that Python's configparser raises; tests compare it
 * @param section the name in the header of the section that has the error
 */
record SyntaxError(Kind kind, String section, int line, String text) {
    enum Kind {
        MISSING_SECTION_HEADER,
        DUPLICATE_SECTION,
        DUPLICATE_OPTION,
        PARSING,
        INTERPOLATION_SYNTAX,
        INTERPOLATION_MISSING_OPTION,
        INTERPOLATION_DEPTH
    }

    /** Whether all other sections keep the meaning that their author intended. */
    boolean concernsOneSection() {
        return (kind == Kind.DUPLICATE_SECTION || kind == Kind.DUPLICATE_OPTION) && !section.equals(RawConfig.DEFAULT);
    }
}
