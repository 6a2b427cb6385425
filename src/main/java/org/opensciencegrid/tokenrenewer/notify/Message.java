package org.opensciencegrid.tokenrenewer.notify;

import org.opensciencegrid.tokenrenewer.json.JsonObject;

/**
 * A message to the owner of an account, in all its forms. Without secrets.
 *
 * @param subject one printable line
 * @param text printable lines, each with LF
 * @param json for webhooks; has subject and text too
 */
public record Message(Event event, String account, String subject, String text, JsonObject json) {}
