package issuer;

import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.time.Duration;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.context.annotation.Bean;
import org.springframework.core.annotation.Order;
import org.springframework.http.MediaType;
import org.springframework.security.config.Customizer;
import org.springframework.security.config.annotation.web.builders.HttpSecurity;
import org.springframework.security.core.userdetails.User;
import org.springframework.security.oauth2.core.AuthorizationGrantType;
import org.springframework.security.oauth2.core.ClientAuthenticationMethod;
import org.springframework.security.oauth2.server.authorization.authentication.OAuth2ClientRegistrationAuthenticationProvider;
import org.springframework.security.oauth2.server.authorization.authentication.OAuth2ClientRegistrationAuthenticationValidator;
import org.springframework.security.oauth2.server.authorization.authentication.OAuth2DeviceVerificationAuthenticationProvider;
import org.springframework.security.oauth2.server.authorization.client.InMemoryRegisteredClientRepository;
import org.springframework.security.oauth2.server.authorization.client.RegisteredClient;
import org.springframework.security.oauth2.server.authorization.converter.OAuth2ClientRegistrationRegisteredClientConverter;
import org.springframework.security.oauth2.server.authorization.settings.AuthorizationServerSettings;
import org.springframework.security.oauth2.server.authorization.settings.TokenSettings;
import org.springframework.security.provisioning.InMemoryUserDetailsManager;
import org.springframework.security.web.SecurityFilterChain;
import org.springframework.security.web.authentication.LoginUrlAuthenticationEntryPoint;
import org.springframework.security.web.util.matcher.MediaTypeRequestMatcher;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;

/**
 * Spring Authorization Server with open registration, the device grant and rotation. Needs {@code --issuer=URL} and Spring's
 * own options for port and TLS, and prints {@code ready}.
 */
@SpringBootApplication
public class SpringIssuer {
    public static void main(String[] args) {
        SpringApplication.run(SpringIssuer.class, args);
        System.out.println("ready ");
    }

    private static final TokenSettings ROTATING = TokenSettings.builder()
            .reuseRefreshTokens(false)
            .accessTokenTimeToLive(Duration.ofMinutes(10))
            .deviceCodeTimeToLive(Duration.ofMinutes(5))
            .build();

    private static RegisteredClient.Builder client(String id, String secret) {
        return RegisteredClient.withId(id)
                .clientId(id)
                .clientSecret("{noop}" + secret)
                .clientAuthenticationMethod(ClientAuthenticationMethod.CLIENT_SECRET_BASIC)
                .scope("compute.read")
                .scope("compute.create")
                .tokenSettings(ROTATING);
    }

    @Bean
    InMemoryRegisteredClientRepository clients() {
        return new InMemoryRegisteredClientRepository(
                client("confidential", "confidential-secret-0123456789")
                        .scope("openid")
                        .scope("offline_access")
                        .authorizationGrantType(AuthorizationGrantType.DEVICE_CODE)
                        .authorizationGrantType(AuthorizationGrantType.REFRESH_TOKEN)
                        .build(),
                client("service", "service-secret-0123456789")
                        .authorizationGrantType(AuthorizationGrantType.CLIENT_CREDENTIALS)
                        .build());
    }

    @Bean
    InMemoryUserDetailsManager users() {
        return new InMemoryUserDetailsManager(
                User.withUsername("alice").password("{noop}alice-password").roles("USER").build());
    }

    @Bean
    AuthorizationServerSettings settings(@Value("${issuer}") String issuer) {
        return AuthorizationServerSettings.builder().issuer(issuer).build();
    }

    @Bean
    @Order(1)
    SecurityFilterChain protocol(HttpSecurity http, @Value("${issuer}") String issuer) throws Exception {
        http.oauth2AuthorizationServer(server -> {
                    http.securityMatcher(server.getEndpointsMatcher());
                    server.deviceAuthorizationEndpoint(device -> device.verificationUri("/activate"));
                    server.deviceVerificationEndpoint(verification ->
                            verification.authenticationProviders(providers -> providers.forEach(provider -> {
                                if (provider instanceof OAuth2DeviceVerificationAuthenticationProvider approving) {
                                    approving.setAuthorizationConsentRequired(request -> false); // signing in is the approval
                                }
                            })));
                    server.clientRegistrationEndpoint(registration -> registration
                            .openRegistrationAllowed(true)
                            .authenticationProviders(providers -> providers.forEach(provider -> {
                                if (provider instanceof OAuth2ClientRegistrationAuthenticationProvider open) {
                                    openTo(open);
                                }
                            })));
                    // The default metadata only lists openid, and has no endpoint for this kind of registration.
                    server.oidc(oidc -> oidc.providerConfigurationEndpoint(
                            endpoint -> endpoint.providerConfigurationCustomizer(
                                    metadata -> metadata.clientRegistrationEndpoint(issuer + "/oauth2/register"))));
                })
                .authorizeHttpRequests(requests -> requests.requestMatchers("/oauth2/register")
                        .permitAll()
                        .anyRequest()
                        .authenticated())
                .exceptionHandling(e -> e.defaultAuthenticationEntryPointFor(
                        new LoginUrlAuthenticationEntryPoint("/login"),
                        new MediaTypeRequestMatcher(MediaType.TEXT_HTML)));
        return http.build();
    }

    private static void openTo(OAuth2ClientRegistrationAuthenticationProvider registration) {
        registration.setAuthenticationValidator(
                OAuth2ClientRegistrationAuthenticationValidator.DEFAULT_REDIRECT_URI_VALIDATOR.andThen(
                        OAuth2ClientRegistrationAuthenticationValidator.SIMPLE_SCOPE_VALIDATOR));
        var converter = new OAuth2ClientRegistrationRegisteredClientConverter();
        registration.setRegisteredClientConverter(
                wish -> RegisteredClient.from(converter.convert(wish))
                                .tokenSettings(ROTATING)
                        .build());
    }

    @Bean
    @Order(2)
    SecurityFilterChain pages(HttpSecurity http) throws Exception {
        http.authorizeHttpRequests(requests -> requests.requestMatchers("/login", "/error")
                        .permitAll()
                        .anyRequest()
                        .authenticated())
                .formLogin(Customizer.withDefaults());
        return http.build();
    }

    @RestController
    static class Pages {
        @GetMapping("/activate")
        void activate(@RequestParam("user_code") String code, HttpServletResponse answer) throws IOException {
            answer.sendRedirect("/oauth2/device_verification?user_code=" + code);
        }

        @GetMapping("/")
        String done() {
            return "Approved";
        }
    }
}
