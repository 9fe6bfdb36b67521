"""A shop over HTTP: GET /item/NAME tells price and stock, POST /item/NAME takes one from the stock.

Asks the database with psql, so that Python alone is enough.
"""

import os
import subprocess
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

TELL = "select price || ' ' || stock from item where name = :'name'"
TAKE = "update item set stock = stock - 1 where name = :'name' and stock > 0 returning price || ' ' || stock"


def ask(statement, name=""):
    """The first line of the answer; none when there is none."""
    command = ["psql", "--no-align", "--tuples-only", "--quiet", "--set", "ON_ERROR_STOP=1", "--set", f"name={name}"]
    answer = subprocess.run(command, input=statement, text=True, capture_output=True, check=True)
    return answer.stdout.strip() or None


class Shop(BaseHTTPRequestHandler):
    def answer(self, status, text):
        body = (text + "\n").encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def serve(self, statement):
        parts = self.path.split("/")
        try:
            if self.path == "/health":
                self.answer(200, ask("select 'well'"))
            elif len(parts) == 3 and parts[1] == "item":
                found = ask(statement, parts[2])
                self.answer(200 if found else 404, found or "there is none")
            else:
                self.answer(404, "no such page")
        except subprocess.CalledProcessError as error:
            self.answer(503, error.stderr.strip())

    def do_GET(self):
        self.serve(TELL)

    def do_POST(self):
        self.serve(TAKE)

    def log_message(self, *_):
        pass


if __name__ == "__main__":
    port = int(os.environ["PORT"])
    with ThreadingHTTPServer(("127.0.0.1", port), Shop) as server:
        print(f"open on port {port}", flush=True)
        server.serve_forever()
