"""A real S3 server of another make, and a proxy before it that fails on purpose."""

import http.client
import http.server
import threading
import time
from urllib.parse import unquote, urlsplit

import boto3
from botocore.config import Config
from moto.server import ThreadedMotoServer


class OtherStore:
    """Moto's S3 server, in a thread, with credentials of its own."""

    access_key, secret = "AKIAOTHEROTHEROTHER0", "other-secret/with+signs"

    def __init__(self):
        self.server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
        self.server.start()
        host, port = self.server.get_host_and_port()
        self.url = f"http://{host}:{port}"
        self.s3 = boto3.client(
            "s3", endpoint_url=self.url, region_name="us-east-1", aws_access_key_id=self.access_key,
            aws_secret_access_key=self.secret, config=Config(retries={"total_max_attempts": 1}))

    @property
    def environment(self):
        """What gives a server of ours the credentials."""
        return {"AWS_ACCESS_KEY_ID": self.access_key, "AWS_SECRET_ACCESS_KEY": self.secret}

    def stop(self):
        self.server.stop()


class FaultProxy:
    """Hands requests on to a server, except where `fault` says otherwise.

    `fault` is called with each `Exchange` before it is handed on, and may answer it, break it off, slow it down or wait.
    """

    def __init__(self, upstream):
        self.upstream = urlsplit(upstream)
        self.fault = lambda exchange: None
        self.seen = []
        proxy = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_GET(self):
                Exchange(proxy, self).run()

            do_HEAD = do_GET

            def log_message(self, *arguments):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def reads(self, name=""):
        """How often bytes of objects of a name were asked for."""
        return sum(exchange.is_read and exchange.key.endswith(name) for exchange in self.seen)

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


class Exchange:
    """A request on its way through the proxy."""

    def __init__(self, proxy, handler):
        self.proxy, self.handler = proxy, handler
        self.path = unquote(urlsplit(handler.path).path)
        self.key = self.path.split("/", 2)[-1]
        self.range = handler.headers.get("range")
        # How the answer is handed on.
        self.pieces, self.pause, self.cut = 65_536, 0, None
        self.is_answered = False

    @property
    def is_read(self):
        """Whether it asks for bytes of an object."""
        return self.handler.command == "GET" and "list-type" not in self.handler.path

    def run(self):
        self.proxy.seen.append(self)
        self.proxy.fault(self)
        if self.is_answered:
            return
        upstream = http.client.HTTPConnection(self.proxy.upstream.hostname, self.proxy.upstream.port, timeout=60)
        try:
            upstream.request(self.handler.command, self.handler.path, headers=dict(self.handler.headers))
            response = upstream.getresponse()
            self._hand_on(response, response.read())
        except OSError:
            self.handler.close_connection = True  # The client has gone away.
        finally:
            upstream.close()

    def fail(self, status, code):
        """Answers with an error."""
        body = f"<Error><Code>{code}</Code><Message>on purpose</Message></Error>".encode()
        self.handler.send_response(status)
        self.handler.send_header("content-type", "application/xml")
        self.handler.send_header("content-length", str(len(body)))
        self.handler.end_headers()
        self.handler.wfile.write(body)
        self.is_answered = True

    def drop(self):
        """Closes the connection without an answer."""
        self.handler.close_connection = True
        self.is_answered = True

    def _hand_on(self, response, body):
        handler = self.handler
        handler.send_response(response.status)
        for name, value in response.getheaders():
            if name.lower() not in ("transfer-encoding", "connection", "content-length", "server", "date"):
                handler.send_header(name, value)
        is_head = handler.command == "HEAD"
        handler.send_header("content-length", response.getheader("content-length") if is_head else str(len(body)))
        handler.end_headers()
        sent = body if self.cut is None else body[:self.cut]
        for start in range(0, len(sent), self.pieces):
            handler.wfile.write(sent[start:start + self.pieces])
            handler.wfile.flush()
            time.sleep(self.pause)
        if self.cut is not None and self.cut < len(body):
            handler.close_connection = True
