"""A site's own mail server for answers: a real postfix with directories, ports and processes of its own, that takes mail from
usher and passes it on to a sink; and Pipe, a relay of some lines that hands every mail to a handler, for what no real server does."""
import base64
import contextlib
import os
import shutil
import signal
import smtplib
import socketserver
import ssl
import subprocess
import tempfile
import threading

from usher import free_port, until


class Postfix:
    """Needs root, as postfix does. `to`: port of the next server for every mail; `lmtp`: port that takes what is for demo.test."""

    def __init__(self, to, lmtp=None):
        self.dir = tempfile.mkdtemp(prefix="usher-postfix.")
        os.chmod(self.dir, 0o755)
        self.port = free_port()
        conf, queue, data = (os.path.join(self.dir, x) for x in ("conf", "queue", "data"))
        for d in (conf, queue, data):
            os.mkdir(d)
        shutil.chown(data, "postfix")
        with open(os.path.join(conf, "transport"), "w", encoding="utf-8") as f:
            if lmtp:
                f.write(f"demo.test lmtp:inet:127.0.0.1:{lmtp}\n")
        settings = {
            "compatibility_level": "3.6", "queue_directory": queue, "data_directory": data, "inet_interfaces": "127.0.0.1",
            "inet_protocols": "ipv4", "mynetworks": "127.0.0.0/8", "myhostname": "relay.test", "mydestination": "",
            "smtpd_relay_restrictions": "permit_mynetworks,reject", "relayhost": f"[127.0.0.1]:{to}", "smtp_host_lookup": "native",
            "transport_maps": f"texthash:{conf}/transport", "maillog_file": os.path.join(self.dir, "log"), "maillog_file_prefixes": self.dir,
            "smtp_tls_security_level": "none", "minimal_backoff_time": "1s", "maximal_backoff_time": "2s", "queue_run_delay": "1s",
            "alias_maps": "", "local_recipient_maps": "", "biff": "no", "smtputf8_enable": "yes", "master_service_disable": "",
            "recipient_delimiter": "+", "smtpd_client_connection_rate_limit": "0",
        }
        with open(os.path.join(conf, "main.cf"), "w", encoding="utf-8") as f:
            f.writelines(f"{k} = {v}\n" for k, v in settings.items())
        services = [f"127.0.0.1:{self.port} inet n - n - - smtpd", "cleanup unix n - n - 0 cleanup", "qmgr unix n - n 1 1 qmgr",
                    "rewrite unix - - n - - trivial-rewrite", "bounce unix - - n - 0 bounce", "defer unix - - n - 0 bounce",
                    "trace unix - - n - 0 bounce", "smtp unix - - n - - smtp", "lmtp unix - - n - - lmtp", "error unix - - n - - error",
                    "retry unix - - n - - error", "proxymap unix - - n - - proxymap", "anvil unix - - n - 1 anvil",
                    "scache unix - - n - 1 scache", "postlog unix-dgram n - n - 1 postlogd", "pickup unix n - n 1 1 pickup",
                    "flush unix n - n 1000? 0 flush", "tlsmgr unix - - n 1000? 1 tlsmgr", "showq unix n - n - - showq"]
        with open(os.path.join(conf, "master.cf"), "w", encoding="utf-8") as f:
            f.write("\n".join(services) + "\n")
        self.conf = conf
        self.run("start")
        until(f"postfix to listen; it said {self.log()[-800:]}", self.listens)

    def run(self, word, check=True):
        r = subprocess.run(["postfix", "-c", self.conf, word], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False)
        if check and r.returncode:
            raise AssertionError(f"postfix {word}: {r.stderr or r.stdout or self.log()[-500:]}")

    def listens(self):
        with contextlib.suppress(OSError), smtplib.SMTP("127.0.0.1", self.port, timeout=2):
            return True
        return False

    def log(self):
        with contextlib.suppress(OSError), open(os.path.join(self.dir, "log"), encoding="utf-8", errors="replace") as f:
            return f.read()
        return ""

    def kill(self):
        """kill -9 of the master and all that it started."""
        with contextlib.suppress(OSError, ValueError):
            with open(os.path.join(self.dir, "queue/pid/master.pid"), encoding="utf-8") as f:
                master = int(f.read())
            for pid in [master, *children(master)]:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            until("postfix to be gone", lambda: not os.path.exists(f"/proc/{master}") or not self.listens())

    def restart(self):
        self.kill()
        self.run("start")
        until("postfix to listen again", self.listens)

    def close(self):
        self.run("stop", check=False)
        shutil.rmtree(self.dir, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def children(pid):
    out = subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True, check=False).stdout
    return [int(x) for x in out.split()]


class Pipe:
    """SMTP on a free port; handler(sender, recipients, bytes) for each mail, in a thread; what it returns is the reply. With `tokens`
    (mailpeers.Tokens) only who logs in by XOAUTH2 with the present access token is let in; `tls`: (certificate, key), TLS from the first byte."""

    def __init__(self, handler, port=None, tokens=None, tls=None, address="127.0.0.1"):
        self.logins = []
        outer = self

        class Talk(socketserver.StreamRequestHandler):
            def handle(self):
                sender, rcpts = "", []
                self.wfile.write(b"220 pipe\r\n")
                for line in self.rfile:
                    word = line[:4].upper()
                    reply = b"250 ok"
                    if word == b"EHLO" and tokens:
                        reply = b"250-pipe\r\n250 AUTH XOAUTH2"
                    elif word == b"AUTH":
                        words = line.split()
                        if len(words) < 3:
                            self.wfile.write(b"334 \r\n")
                            words.append(self.rfile.readline().strip())
                        said = base64.b64decode(words[2])
                        good = said == f"user=help\1auth=Bearer {tokens.access}\1\1".encode()
                        outer.logins.append(good)
                        reply = b"235 2.7.0 welcome" if good else b"535 5.7.8 no"
                    elif word == b"MAIL" and tokens and True not in outer.logins[-1:]:
                        reply = b"530 5.7.0 log in first"
                    elif word == b"MAIL":
                        sender, rcpts = line.split(b"<")[1].split(b">")[0].decode(), []
                    elif word == b"RCPT":
                        rcpts.append(line.split(b"<")[1].split(b">")[0].decode())
                    elif word == b"DATA":
                        self.wfile.write(b"354 go\r\n")
                        lines = []
                        for text in self.rfile:
                            if text == b".\r\n":
                                break
                            lines.append(text[1:] if text.startswith(b".") else text)
                        reply = (handler(sender, rcpts, b"".join(lines)) or "250 ok").encode()
                    elif word == b"QUIT":
                        self.wfile.write(b"221 bye\r\n")
                        return
                    self.wfile.write(reply + b"\r\n")

        class Server(socketserver.ThreadingTCPServer):
            allow_reuse_address = True
            daemon_threads = True

            def handle_error(self, *_):
                """A peer that was killed, or hung up on a certificate, is what the tests are about."""

        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH) if tls else None
        if context:
            context.load_cert_chain(*tls)
            Talk.setup_plain = Talk.setup

            def setup(talk):
                talk.request = context.wrap_socket(talk.request, server_side=True)
                talk.setup_plain()
            Talk.setup = setup
        self.server = Server((address, port or 0), Talk)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()
