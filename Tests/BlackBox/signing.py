"""Amazon's request signatures, written from their description and not with Amazon's library, and requests sent as they are.

Algorithm: "Signature Version 4" in the AWS General Reference; "Authenticating requests" in the Amazon S3 API Reference.
"""

import base64
import binascii
import datetime
import hashlib
import hmac
import http.client
import json
import socket
import ssl
import struct
from urllib.parse import quote, urlsplit

from awscrt import checksums

UNSIGNED = "UNSIGNED-PAYLOAD"
TRAILER = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
SIGNED_CHUNKS = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
SIGNED_CHUNKS_TRAILER = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"
EMPTY_HASH = hashlib.sha256(b"").hexdigest()


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def escape(text, safe="-_.~"):
    return quote(text, safe=safe)


def now():
    return datetime.datetime.now(datetime.timezone.utc)


def base64_of(data):
    return base64.b64encode(data).decode()


def crc32(data):
    """A CRC-32 as the header x-amz-checksum-crc32 has it."""
    return base64_of(struct.pack(">I", binascii.crc32(data)))


# By the names that S3 has for them.
CHECKSUMS = {
    "CRC32": crc32,
    "CRC32C": lambda data: base64_of(checksums.crc32c(data).to_bytes(4, "big")),
    "CRC64NVME": lambda data: base64_of(checksums.crc64nvme(data).to_bytes(8, "big")),
    "SHA1": lambda data: base64_of(hashlib.sha1(data).digest()),
    "SHA256": lambda data: base64_of(hashlib.sha256(data).digest()),
}


class Answer:
    """The answer to a request."""

    def __init__(self, response):
        self.status = response.status
        self.headers = {name.lower(): value for name, value in response.getheaders()}
        self.body = response.read()

    def json(self):
        return json.loads(self.body)

    @property
    def code(self):
        """The error's code, from where AWS' clients take it."""
        header = self.headers.get("x-amzn-errortype")
        if header:
            return header.split(":")[0].split("#")[-1]
        if b"<Code>" in self.body:
            return self.body.split(b"<Code>")[1].split(b"</Code>")[0].decode()
        return None

    @property
    def error(self):
        """Code and status."""
        return self.code, self.status


class Signer:
    """Signs requests of one service with one access key."""

    def __init__(self, account, service="s3", *, access_key=None, secret=None, time=None, region="us-east-1", token=None):
        self.host = urlsplit(account.url).netloc
        self.service, self.region, self.token = service, region, token
        self.access_key = access_key or account.access_key
        self.secret = secret or account.secret
        self.time = time or now()

    @property
    def stamp(self):
        return self.time.strftime("%Y%m%dT%H%M%SZ")

    @property
    def scope(self):
        return f"{self.stamp[:8]}/{self.region}/{self.service}/aws4_request"

    def sign(self, text):
        key = ("AWS4" + self.secret).encode()
        for part in self.scope.split("/"):
            key = hmac.new(key, part.encode(), hashlib.sha256).digest()
        return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()

    def request(self, method, path, query=(), headers=None, payload_hash=EMPTY_HASH):
        """The target and the headers of a request whose path is encoded already; the signature stays in `signature`."""
        headers = {name.lower(): value for name, value in (headers or {}).items()}
        headers["host"], headers["x-amz-date"] = self.host, self.stamp
        if self.service == "s3":
            headers["x-amz-content-sha256"] = payload_hash
        if self.token:
            headers["x-amz-security-token"] = self.token
        names = sorted(set(headers) - {"expect", "transfer-encoding", "connection"})
        text = self._canonical(method, path, query, {name: headers[name] for name in names}, payload_hash)
        self.signature = self.sign(text)
        headers["authorization"] = (
            f"AWS4-HMAC-SHA256 Credential={self.access_key}/{self.scope}, SignedHeaders={';'.join(names)}, "
            f"Signature={self.signature}")
        line = self._query(query)
        return path + ("?" + line if line else ""), headers

    def presign(self, method, path, seconds, query=()):
        """A target that is signed itself, for whoever has it."""
        query = [
            *query, ("X-Amz-Algorithm", "AWS4-HMAC-SHA256"), ("X-Amz-Credential", f"{self.access_key}/{self.scope}"),
            ("X-Amz-Date", self.stamp), ("X-Amz-Expires", str(seconds)), ("X-Amz-SignedHeaders", "host")]
        signature = self.sign(self._canonical(method, path, query, {"host": self.host}, UNSIGNED))
        return f"{path}?{self._query(query)}&X-Amz-Signature={signature}"

    def chunks(self, pieces, trailer=None, tamper=None):
        """A body of chunks, each signed with the signature before it; call after `request`."""
        body, previous = b"", self.signature
        for index, piece in enumerate([*pieces, b""]):
            lines = ["AWS4-HMAC-SHA256-PAYLOAD", self.stamp, self.scope, previous, EMPTY_HASH, sha256(piece)]
            previous = self.sign("\n".join(lines))
            shown = "0" * 64 if index == tamper else previous
            body += b"%x;chunk-signature=%s\r\n%s" % (len(piece), shown.encode(), piece)
            body += b"\r\n" if piece or trailer is None else b""
        if trailer is not None:
            line = f"{trailer[0]}:{trailer[1]}\n"
            signature = self.sign("\n".join(
                ["AWS4-HMAC-SHA256-TRAILER", self.stamp, self.scope, previous, sha256(line.encode())]))
            if tamper == "trailer":
                signature = "0" * 64
            body += f"{line[:-1]}\r\nx-amz-trailer-signature:{signature}\r\n\r\n".encode()
        return body

    def _canonical(self, method, path, query, headers, payload_hash):
        # All services but S3 encode the path of the request line once more.
        path = path if self.service == "s3" else escape(path, "/-_.~")
        lines = "".join(f"{name}:{' '.join(value.split())}\n" for name, value in sorted(headers.items()))
        canonical = "\n".join([method, path, self._query(query), lines, ";".join(sorted(headers)), payload_hash])
        return "\n".join(["AWS4-HMAC-SHA256", self.stamp, self.scope, sha256(canonical.encode())])

    @staticmethod
    def _query(query):
        return "&".join(f"{name}={value}" for name, value in sorted((escape(n), escape(v)) for n, v in query))


def presign_version_2(account, method, path, expires):
    """A target signed as boto3 does for servers that are not Amazon's."""
    text = f"{method}\n\n\n{expires}\n{path}"
    digest = base64_of(hmac.new(account.secret.encode(), text.encode(), hashlib.sha1).digest())
    return f"{path}?AWSAccessKeyId={escape(account.access_key)}&Signature={escape(digest)}&Expires={expires}"


def unsigned_chunks(pieces, trailers=()):
    """A body as it is sent over https: chunks without signatures, and a checksum behind them."""
    body = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n"
    return body + "".join(f"{name}:{value}\r\n" for name, value in trailers).encode() + b"\r\n"


def connect(account, timeout=60):
    """A connection to a server."""
    address = urlsplit(account.url)
    if address.scheme == "https":
        context = ssl.create_default_context(cafile=account.certificate)
        return http.client.HTTPSConnection(address.hostname, address.port, timeout=timeout, context=context)
    return http.client.HTTPConnection(address.hostname, address.port, timeout=timeout)


def send(account, method, target, headers=None, body=b"", timeout=60):
    """Sends a request whose target and headers stay as they are, and returns the answer."""
    connection = connect(account, timeout)
    try:
        begin(connection, method, target, headers, None if body is None else len(body))
        try:
            connection.send(body or b"")
        except (BrokenPipeError, ConnectionResetError):
            pass  # The server may answer before it has read everything.
        return Answer(connection.getresponse())
    finally:
        connection.close()


def begin(connection, method, target, headers=None, length=None):
    """Sends a request's header; `length` is that of the body, unless the headers say how it ends."""
    headers = {name.lower(): value for name, value in (headers or {}).items()}
    headers.setdefault("host", f"{connection.host}:{connection.port}")
    if length is not None and not {"content-length", "transfer-encoding"} & set(headers):
        headers["content-length"] = str(length)
    connection.putrequest(method, target, skip_host=True, skip_accept_encoding=True)
    for name, value in headers.items():
        connection.putheader(name, value)
    connection.endheaders()
    connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def signed(account, method, path, query=(), headers=None, body=b"", service="s3", payload_hash=None, **signing):
    """Signs a request and sends it."""
    signer = Signer(account, service, **signing)
    target, headers = signer.request(method, path, query, headers, payload_hash or sha256(body))
    return send(account, method, target, headers, body)
