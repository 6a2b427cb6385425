package org.opensciencegrid.tokenrenewer.cli;

/** Values as they must stand in config.ini to be read back as they are. */
final class ConfigText {
    private ConfigText() {}

    /** Python's configparser, and so this program, reads %% as %. */
    static String value(String plain) {
        return plain.replace("%", "%%");
    }
}
