#!/usr/bin/python3
"""A token issuer on https://localhost:PORT that makes tokens of any shape: issuer.py PORT CERTIFICATE KEY

It has the client credentials grant. The parts of the client id, separated by dots, choose the token: the first part is "sub"; "sci"
(SciTokens 2.0), "wlcg" (WLCG 1.0) or "at" (RFC 9068) is its profile; ttlN is its lifetime; lenN its length in bytes. GET /raw with the
same form makes a token too, with "expired" an old one. GET /whoami answers with its request's Authorization.
"""
import base64, http.server, json, ssl, sys, time, urllib.parse, uuid

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

ISSUER = f"https://localhost:{sys.argv[1]}"
KEY = rsa.generate_private_key(65537, 2048)


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def number(value):
    return base64url(value.to_bytes((value.bit_length() + 7) // 8, "big")).decode()


def part(members):
    return base64url(json.dumps(members).encode())


def token(words, form):
    options, now = words[1:], int(time.time())
    sizes = {word[:3]: int(word[3:]) for word in options if word[3:].isdigit()}
    if "expired" in options:
        now -= 7200
    head = {"typ": "at+jwt" if "at" in options else "JWT", "alg": "RS256", "kid": "ring"}
    claims = {"iss": ISSUER, "sub": words[0], "iat": now, "nbf": now, "exp": now + sizes.get("ttl", 600)}
    claims["jti"] = str(uuid.uuid4())
    if "sci" in options:
        claims["ver"] = "scitoken:2.0"
    if "wlcg" in options:
        claims["wlcg.ver"] = "1.0"
    audience = form.get("audience", "").split()
    claims["aud"] = audience[0] if len(audience) == 1 else audience
    claims["scope"] = form.get("scope", "")
    signature = 342 # of RSA with 2048 bits, in base64
    missing = sizes.get("len", 0)
    while missing and len(part(head)) + len(part(claims)) + signature + 2 != missing:
        short = missing - len(part(head)) - len(part(claims)) - signature - 2
        if short > 200:
            claims["pad"] = claims.get("pad", "") + "x" * (short * 3 // 4 - 90)
        elif len(head.get("pad", "")) < 3:
            head["pad"] = head.get("pad", "") + "x"
        else:
            head.pop("pad")
            claims["pad"] += "x"
    signed = part(head) + b"." + part(claims)
    signature = KEY.sign(signed, padding.PKCS1v15(), hashes.SHA256())
    return (signed + b"." + base64url(signature)).decode(), claims["exp"] - now


class Issuer(http.server.BaseHTTPRequestHandler):
    def answer(self, value):
        body = value if isinstance(value, bytes) else json.dumps(value).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        url = urllib.parse.urlsplit(self.path)
        form = dict(urllib.parse.parse_qsl(url.query))
        public = KEY.public_key().public_numbers()
        if url.path == "/raw":
            self.answer(token(form["client_id"].split("."), form)[0].encode())
        elif url.path == "/whoami":
            self.answer(self.headers.get("Authorization", "none").encode())
        elif url.path == "/jwks":
            key = {"kty": "RSA", "use": "sig", "alg": "RS256", "kid": "ring", "n": number(public.n), "e": number(public.e)}
            self.answer({"keys": [key]})
        else:
            self.answer({"issuer": ISSUER, "jwks_uri": ISSUER + "/jwks", "token_endpoint": ISSUER + "/token"})

    def do_POST(self):
        form = dict(urllib.parse.parse_qsl(self.rfile.read(int(self.headers["Content-Length"])).decode()))
        client = base64.b64decode(self.headers["Authorization"].split()[1]).decode().split(":")[0]
        text, lifetime = token(urllib.parse.unquote(client).split("."), form)
        self.answer({"access_token": text, "token_type": "Bearer", "expires_in": lifetime, "scope": form.get("scope", "")})

    def log_message(self, *arguments):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Issuer)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[2], sys.argv[3])
server.socket = context.wrap_socket(server.socket, server_side=True)
server.serve_forever()
