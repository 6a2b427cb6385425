"""Each line of standard input is a file in base64; says in one line of JSON, or the name of the exception, what
configparser makes of it. Also wrote expected.txt."""
import base64
import configparser
import io
import json
import sys

for line in sys.stdin:
    parser = configparser.ConfigParser()
    try:
        text = base64.b64decode(line).decode("utf-8")
        parser.read_file(io.StringIO(text, newline=None))
        print(json.dumps({name: dict(parser[name]) for name in parser.sections()}))
    except Exception as e:
        print(type(e).__name__)
