import java.nio.file.Path;
import org.apache.catalina.connector.Connector;
import org.apache.catalina.startup.Tomcat;
import org.apache.tomcat.util.net.SSLHostConfig;
import org.apache.tomcat.util.net.SSLHostConfigCertificate;
import org.apache.tomcat.util.scan.StandardJarScanner;

/** java -cp TOMCAT TomcatRun.java PORT WAR_DIRECTORY WORK_DIRECTORY KEYS.p12 PASSWORD: one web application over TLS. */
public class TomcatRun {
    public static void main(String[] arguments) throws Exception {
        Tomcat tomcat = new Tomcat();
        tomcat.setBaseDir(arguments[2]);
        Connector connector = new Connector();
        connector.setPort(Integer.parseInt(arguments[0]));
        connector.setProperty("address", "127.0.0.1");
        connector.setScheme("https");
        connector.setSecure(true);
        connector.setProperty("SSLEnabled", "true");
        SSLHostConfig host = new SSLHostConfig();
        var certificate = new SSLHostConfigCertificate(host, SSLHostConfigCertificate.Type.UNDEFINED);
        certificate.setCertificateKeystoreFile(Path.of(arguments[3]).toAbsolutePath().toString());
        certificate.setCertificateKeystorePassword(arguments[4]);
        certificate.setCertificateKeystoreType("PKCS12");
        host.addCertificate(certificate);
        connector.addSslHostConfig(host);
        tomcat.setConnector(connector);
        var context = tomcat.addWebapp("", Path.of(arguments[1]).toAbsolutePath().toString());
        ((StandardJarScanner) context.getJarScanner()).setScanManifest(false);
        tomcat.start();
        System.out.println("ready " + context.getStateName());
        tomcat.getServer().await();
    }
}
