package org.opensciencegrid.testkit;

/**
 * RFC 8628 section 3.3: the page on which the user types the code and approves or denies. It has no design and no
 * protection.
 */
final class DevicePage implements Endpoint {
    private final State state;

    DevicePage(State state) {
        this.state = state;
    }

    @Override
    public Answer answer(Seen request) {
        if (request.method().equals("GET")) {
            String query = request.query() == null ? "" : request.query();
            String userCode = FormBody.parse(query).get("user_code");
            return page(200, form(userCode == null ? "" : userCode));
        }
        if (!request.method().equals("POST")) {
            return page(405, "<p>Only GET and POST.</p>");
        }
        FormBody form = FormBody.parse(request.body());
        String userCode = form.get("user_code");
        Device device = userCode == null ? null : state.deviceByUserCode(userCode);
        if (device == null) {
            return page(404, "<p>No such code.</p>" + form(""));
        }
        if (device.decision != Device.Decision.PENDING || state.now().isAfter(device.expires)) {
            return page(410, "<p>This code is not waiting any more.</p>");
        }
        boolean approved = "approve".equals(form.get("decision"));
        device.decision = approved ? Device.Decision.APPROVED : Device.Decision.DENIED;
        device.subject = form.get("subject") == null ? "alice" : form.get("subject");
        return page(200, approved ? "<p>Approved. You may close this page.</p>" : "<p>Denied.</p>");
    }

    private static Answer page(int status, String content) {
        return Answer.text(
                status,
                "text/html; charset=UTF-8",
                "<!DOCTYPE html>\n<html lang=\"en\"><title>Embedded issuer</title><h1>Embedded issuer</h1>\n"
                        + content
                        + "\n</html>\n");
    }

    private static String form(String userCode) {
        return """
                <form method="post" action="/device">
                <p><label>Code <input name="user_code" value="CODE" required autofocus></label></p>
                <p><label>User <input name="subject" value="alice" required></label></p>
                <p><button name="decision" value="approve">Approve</button>
                <button name="decision" value="deny">Deny</button></p>
                </form>""".replace("CODE", escape(userCode));
    }

    private static String escape(String text) {
        return text.replace("&", "&amp;")
                .replace("<", "&lt;")
                .replace(">", "&gt;")
                .replace("\"", "&quot;");
    }
}
