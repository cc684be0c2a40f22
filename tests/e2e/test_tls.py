"""The desk's and the visitors' listener with TLS: what is spoken, and peers that never finish their handshake."""
import contextlib
import errno
import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import warnings

from test_http import CENTER, drip
from usher import Node, main, until

ASK = b"GET /form/contact HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"


def make_certificate(d):
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "90", "-subj", "/CN=localhost", "-addext",
                    "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", f"{d}/key", "-out", f"{d}/cert"], check=True, stderr=subprocess.DEVNULL)


@contextlib.contextmanager
def center():
    """A node with a certificate of its own."""
    with tempfile.TemporaryDirectory(prefix="usher-tls.") as d:
        make_certificate(d)
        with open(f"{d}/center.yaml", "w", encoding="utf-8") as f:
            f.write(CENTER.replace("public_url: http:", "public_url: https:") + f"tls: {{cert: {d}/cert, key: {d}/key}}\n")
        with Node(config=f.name) as node:
            node.certificate = f"{d}/cert"
            yield node


def client(node, version, ciphers=None):
    c = ssl.create_default_context(cafile=node.certificate)
    c.set_ciphers(f"{ciphers or 'ALL'}:@SECLEVEL=0")
    warnings.simplefilter("ignore", DeprecationWarning)  # of the old versions, which is the point
    c.minimum_version = c.maximum_version = version
    return c


def ask(node, c, session=None):
    """(the answer, the session, whether it was a resumed one)"""
    with socket.create_connection(("127.0.0.1", node.http), 10) as plain, c.wrap_socket(plain, server_hostname="localhost", session=session) as s:
        s.sendall(ASK)
        got = b""
        while piece := s.recv(65536):
            got += piece
        return got, s.session, s.session_reused


def test_only_what_is_safe_is_spoken():
    with center() as node:
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            c = client(node, version)
            got, session, _ = ask(node, c)
            assert got.startswith(b"HTTP/1.1 200 ") and b"\r\nStrict-Transport-Security: max-age=15552000\r\n" in got, got[:400]
            assert ask(node, c, session)[2], f"{version}: not resumed"
        for version, ciphers in ((ssl.TLSVersion.TLSv1, None), (ssl.TLSVersion.TLSv1_1, None), (ssl.TLSVersion.TLSv1_2, "AES128-GCM-SHA256"),
                                 (ssl.TLSVersion.TLSv1_2, "ECDHE-RSA-AES128-SHA256"), (ssl.TLSVersion.TLSv1_2, "aNULL"), (ssl.TLSVersion.TLSv1_2, "DHE")):
            try:
                ask(node, client(node, version, ciphers))
            except (ssl.SSLError, ConnectionResetError):
                continue
            raise AssertionError(f"{version} {ciphers} is spoken")
        again = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{node.http}", "-tls1_2"], input=b"R\n", capture_output=True, timeout=20)
        assert b"RENEGOTIATING" in again.stdout + again.stderr and b"no renegotiation" in again.stdout + again.stderr, again


def test_a_renewed_certificate_is_read_at_a_reload():
    """All or nothing; connections that are there go on."""
    def shown():
        return ssl.get_server_certificate(("127.0.0.1", node.http)).strip()

    def reload(says):
        node.process.send_signal(signal.SIGHUP)
        until(f"the log to say {says}", lambda: says in node.log())
    with center() as node:
        first, directory = shown(), os.path.dirname(node.certificate)
        with socket.create_connection(("127.0.0.1", node.http), 10) as plain:
            with client(node, ssl.TLSVersion.TLSv1_3).wrap_socket(plain, server_hostname="localhost") as s:
                make_certificate(directory)
                reload("reloaded hash=")
                with open(node.certificate, encoding="ascii") as f:
                    second = f.read().strip()
                assert shown() == second != first
                with open(f"{directory}/key", "w", encoding="ascii") as f:
                    f.write("no key")
                reload("reload refused")
                assert shown() == second
                s.sendall(ASK)
                assert s.recv(65536).startswith(b"HTTP/1.1 200 ")


def test_what_is_no_tls_is_cut_off():
    with center() as node:
        for data in (ASK, b"\x16\x03\x01\xff\xff" + b"x" * 70000, b"\x80\x2e\x01\0\2\0\x15\0\0\0\x10" + b"\0" * 40, b"\0" * 64, os.urandom(4096)):
            with socket.create_connection(("127.0.0.1", node.http), 10) as s:
                try:
                    s.sendall(data)
                    s.shutdown(socket.SHUT_WR)
                    assert b"HTTP/" not in s.recv(65536), data[:20]
                except OSError as e: # cut off at any of the three; not a time that ran out
                    assert e.errno in (errno.ECONNRESET, errno.EPIPE, errno.ENOTCONN), (e, data[:20])
        assert ask(node, client(node, ssl.TLSVersion.TLSv1_3))[0].startswith(b"HTTP/1.1 200 ")


def test_a_handshake_that_stalls():
    """A handshake has 10 s in all, however it drips. 14 s: SLOW=1."""
    if not os.environ.get("SLOW"):
        print("# skipped: SLOW=1 runs it", flush=True)
        return
    with center() as node:
        out = ssl.MemoryBIO()
        with contextlib.suppress(ssl.SSLWantReadError):
            client(node, ssl.TLSVersion.TLSv1_3).wrap_bio(ssl.MemoryBIO(), out, server_hostname="localhost").do_handshake()
        hello, found = out.read(), {}
        cases = {"nothing": (b"", b""), "half a hello": (hello[:100], b""), "a hello that drips": (hello[:5], hello[5:6]), "a hello, then nothing": (hello, b"")}
        threads = [threading.Thread(target=drip, args=(node.http, *data, found, f"{name} {i}", 20)) for name, data in cases.items() for i in range(25)]
        for t in threads:
            t.start()
        while any(t.is_alive() for t in threads):
            began = time.monotonic()
            assert ask(node, client(node, ssl.TLSVersion.TLSv1_3))[0].startswith(b"HTTP/1.1 200 ")
            assert time.monotonic() - began < 5, "others wait for those that stall"
            time.sleep(0.5)
        late = {k: round(v, 1) for k, v in found.items() if v > 13}
        assert len(found) == 100 and not late, f"kept past the deadline of 10 s: {late}"


def test_testssl_finds_nothing():
    """All its checks but the clients it plays; 40 s: TESTSSL=1."""
    if not os.environ.get("TESTSSL"):
        print("# skipped: TESTSSL=1 runs it", flush=True)
        return
    with center() as node, tempfile.TemporaryDirectory() as d:
        subprocess.run([shutil.which("testssl"), "--quiet", "--warnings", "batch", "--jsonfile", f"{d}/found", "--add-ca", node.certificate,
                        "-p", "-s", "-f", "-P", "-S", "-h", "-U", f"localhost:{node.http}"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=False)
        with open(f"{d}/found", encoding="utf-8") as f:
            found = {x["id"]: x["finding"] for x in json.load(f) if x["severity"] not in ("OK", "INFO", "DEBUG")}
    # Of the certificate, which is made here, and of what only its issuer could offer.
    assert not {k: v for k, v in found.items() if not k.startswith(("cert_", "OCSP_", "DNS_"))}, found


if __name__ == "__main__":
    sys.exit(main(dict(globals()), sys.argv[1:]))
