"""Real mail servers for tests, each with a directory, a port and processes of its own: Dovecot (IMAP), Postfix (a site's mail
server that delivers by LMTP and relays answers), and Tokens, a provider's OAuth2 address that Dovecot asks about tokens, too."""
import contextlib
import getpass
import grp
import http.server
import imaplib
import json
import os
import shutil
import signal
import smtplib
import socket
import subprocess
import tempfile
import threading
import urllib.parse

from usher import free_port, until


def listens(port):
    with contextlib.suppress(OSError):
        socket.create_connection(("127.0.0.1", port), 1).close()
        return True
    return False


def certificate(directory):
    """A self-signed one for localhost; returns (certificate, key)."""
    cert, key = os.path.join(directory, "cert.pem"), os.path.join(directory, "key.pem")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                    "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", key, "-out", cert],
                   check=True, capture_output=True)
    return cert, key


class Dovecot:
    """IMAP for anybody who knows the password `secret`; a mailbox is there once a mail is in it."""
    DEAD = signal.SIGKILL

    def __init__(self, tokens=None, tls=False):
        self.dir = tempfile.mkdtemp(prefix="usher-dovecot.")
        os.chmod(self.dir, 0o755)
        self.port = free_port()
        self.process = None
        root = os.geteuid() == 0
        me = getpass.getuser()
        os.mkdir(self.at("mail"))
        os.chmod(self.at("mail"), 0o777)
        lines = [
            f"base_dir = {self.at('run')}", f"state_dir = {self.at('state')}", f"log_path = {self.at('log')}",
            "protocols = imap", "listen = 127.0.0.1", "ssl = no", "disable_plaintext_auth = no", "auth_verbose = yes",
            "auth_failure_delay = 0", "mail_fsync = always", "auth_cache_size = 0", f"mail_location = maildir:{self.at('mail')}/%u",
            f"default_internal_user = {'dovecot' if root else me}", f"default_login_user = {'dovenull' if root else me}",
            f"mail_uid = {'nobody' if root else me}", "first_valid_uid = 1",
            f"mail_gid = {grp.getgrgid(os.getegid()).gr_name if not root else 'nogroup'}",
            "mail_max_userip_connections = 100",
            f"service imap-login {{\n inet_listener imap {{\n port = {self.port}\n }}\n inet_listener imaps {{\n port = 0\n }}\n}}",
            "namespace inbox {\n inbox = yes\n mailbox Done {\n auto = create\n }\n}",
            "userdb {\n driver = static\n args = home=/tmp\n}",
        ]
        if not root:
            lines.append("default_internal_group =")
        if tls:
            cert, key = certificate(self.dir)
            self.ca = cert
            lines = [x for x in lines if x != "ssl = no"] + ["ssl = required", f"ssl_cert = <{cert}", f"ssl_key = <{key}"]
        if tokens:
            with open(self.at("oauth"), "w", encoding="utf-8") as f:
                f.write(f"introspection_mode = post\nintrospection_url = http://127.0.0.1:{tokens.port}/introspect\n"
                        "username_attribute = username\nactive_attribute = active\nactive_value = true\n")
            lines += ["auth_mechanisms = plain xoauth2 oauthbearer",
                      f"passdb {{\n driver = oauth2\n mechanisms = xoauth2 oauthbearer\n args = {self.at('oauth')}\n}}"]
        lines.append("passdb {\n driver = static\n mechanisms = plain\n args = password=secret\n}")
        with open(self.at("conf"), "w", encoding="utf-8") as f:
            f.write("\n".join(lines) + "\n")
        self.start()

    def at(self, name):
        return os.path.join(self.dir, name)

    def start(self):
        program = shutil.which("dovecot") or "/usr/sbin/dovecot"
        self.process = subprocess.Popen([program, "-F", "-c", self.at("conf")], stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
        until(f"dovecot to listen; it said {self.log()[-300:]}", lambda: listens(self.port))

    def log(self):
        with contextlib.suppress(OSError), open(self.at("log"), encoding="utf-8", errors="replace") as f:
            return f.read()
        return ""

    def kill(self):
        """All of it at once: the master and whoever it started."""
        if self.process:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            for pid in self.children():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            until("dovecot to be gone", lambda: not listens(self.port))
            self.process = None

    def children(self):
        """Those that made a session of their own; they have this directory's sockets as their base."""
        found = []
        for pid in filter(str.isdigit, os.listdir("/proc")):
            with contextlib.suppress(OSError):
                if os.readlink(f"/proc/{pid}/cwd").startswith(self.dir):
                    found.append(int(pid))
        return found

    def pause(self, how=signal.SIGSTOP):
        os.killpg(self.process.pid, how)

    @contextlib.contextmanager
    def open(self, user):
        s = imaplib.IMAP4("127.0.0.1", self.port)
        try:
            s.login(user, "secret")
            yield s
        finally:
            with contextlib.suppress(Exception):
                s.logout()

    def put(self, user, text, subject="Help", sender="ann@x.org", headers=(), raw=None, folder="INBOX", mid=None):
        lines = [f"Return-Path: <{sender}>", f"From: {sender}", "To: support@demo.test", f"Subject: {subject}",
                 *([f"Message-ID: {mid}"] if mid else []), *headers, "", text]
        with self.open(user) as s:
            answer, why = s.append(folder, None, None, raw if raw is not None else "\r\n".join(lines).encode())
            assert answer == "OK", why

    def flags(self, user, folder="INBOX"):
        """[(uid, flags, subject)] of a folder."""
        with self.open(user) as s:
            answer, _ = s.select(folder, readonly=True)
            if answer != "OK":
                return []
            _, data = s.uid("FETCH", "1:*", "(FLAGS BODY.PEEK[HEADER.FIELDS (SUBJECT)])")
            found = []
            for item in data or []:
                if isinstance(item, tuple):
                    head = item[0].decode()
                    uid = int(head.split("UID ")[1].split()[0].rstrip(")"))
                    flags = head.split("FLAGS (")[1].split(")")[0].split()
                    found.append((uid, flags, item[1].decode().partition(":")[2].strip()))
            return found

    def renew(self, user):
        """Another UIDVALIDITY: what the server does when it lost its index. The mails stay."""
        self.kill()
        box = self.at(f"mail/{user}")
        for name in os.listdir(box):
            if name.startswith("dovecot"):
                os.unlink(os.path.join(box, name))
        with open(os.path.join(box, "dovecot-uidvalidity"), "w", encoding="utf-8") as f:
            f.write("70000000")
        self.start()

    def close(self):
        self.kill()
        shutil.rmtree(self.dir, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Postfix:
    """A site's mail server: takes mail by SMTP on `port`, delivers demo.test by LMTP to `lmtp` and everything else to `relay`. Needs root."""

    def __init__(self, lmtp, relay):
        self.dir = tempfile.mkdtemp(prefix="usher-postfix.")
        os.chmod(self.dir, 0o755)
        self.port = free_port()
        for name in ("conf", "spool", "data"):
            os.mkdir(os.path.join(self.dir, name))
        shutil.chown(os.path.join(self.dir, "data"), "postfix")
        settings = {
            "compatibility_level": "3.6", "queue_directory": f"{self.dir}/spool", "data_directory": f"{self.dir}/data",
            "maillog_file": f"{self.dir}/log", "maillog_file_prefixes": self.dir, "myhostname": "mx.test", "mydestination": "", "alias_maps": "", "alias_database": "",
            "inet_interfaces": "127.0.0.1", "inet_protocols": "ipv4", "mynetworks": "127.0.0.0/8", "virtual_mailbox_domains": "demo.test",
            "virtual_transport": f"lmtp:inet:127.0.0.1:{lmtp}", "default_transport": f"smtp:[127.0.0.1]:{relay}",
            "recipient_delimiter": "+", "queue_run_delay": "1s", "minimal_backoff_time": "1s", "maximal_backoff_time": "2s",
            "smtputf8_enable": "yes", "local_recipient_maps": "", "lmtp_destination_concurrency_failed_cohort_limit": "100",
            "lmtp_connect_timeout": "5s", "bounce_queue_lifetime": "1h", "biff": "no",
        }
        with open(os.path.join(self.dir, "conf/main.cf"), "w", encoding="utf-8") as f:
            f.writelines(f"{k} = {v}\n" for k, v in settings.items())
        with open(os.path.join(self.dir, "conf/master.cf"), "w", encoding="utf-8") as f:
            f.write(f"127.0.0.1:{self.port} inet n - n - - smtpd\npostlog unix-dgram n - n - 1 postlogd\n"
                    "pickup unix n - n 60 1 pickup\ncleanup unix n - n - 0 cleanup\nqmgr unix n - n 1 1 qmgr\n"
                    "rewrite unix - - n - - trivial-rewrite\nbounce unix - - n - 0 bounce\ndefer unix - - n - 0 bounce\n"
                    "trace unix - - n - 0 bounce\nverify unix - - n - 1 verify\nflush unix n - n 1000? 0 flush\n"
                    "proxymap unix - - n - - proxymap\nsmtp unix - - n - - smtp\nrelay unix - - n - - smtp\nlmtp unix - - n - - lmtp\n"
                    "error unix - - n - - error\nretry unix - - n - - error\ndiscard unix - - n - - discard\n"
                    "local unix - n n - - local\nvirtual unix - n n - - virtual\nanvil unix - - n - 1 anvil\nscache unix - - n - 1 scache\n")
        self.start()

    def run(self, word):
        program = shutil.which("postfix") or "/usr/sbin/postfix"
        return subprocess.run([program, "-c", f"{self.dir}/conf", word], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL, timeout=60, check=False)

    def start(self):
        def up():
            self.run("start")
            return listens(self.port)
        until(f"postfix to listen; see {self.dir}/log", up, 30, 0.2)

    def processes(self):
        found = []
        for pid in filter(str.isdigit, os.listdir("/proc")):
            with contextlib.suppress(OSError):
                if os.readlink(f"/proc/{pid}/cwd").startswith(f"{self.dir}/"):
                    found.append(int(pid))
        return found

    def kill(self):
        """All of it at once."""
        def gone():
            for pid in self.processes():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            return not self.processes()
        until("postfix to be gone", gone)

    def put(self, text, subject="Help", sender="ann@x.org", to="support@demo.test", headers=(), mid=None):
        lines = [f"From: {sender}", f"To: {to}", f"Subject: {subject}", *([f"Message-ID: {mid}"] if mid else []), *headers, "", text]
        with smtplib.SMTP("127.0.0.1", self.port, local_hostname="test", timeout=60) as s:
            s.sendmail(sender, [to], "\r\n".join(lines).encode())

    def waiting(self):
        """How many mails it still has."""
        return sum(len(names) for queue in ("incoming", "active", "deferred", "maildrop")
                   for _, _, names in os.walk(f"{self.dir}/spool/{queue}"))

    def log(self):
        with contextlib.suppress(OSError), open(f"{self.dir}/log", encoding="utf-8", errors="replace") as f:
            return f.read()
        return ""

    def close(self):
        self.kill()
        shutil.rmtree(self.dir, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Tokens:
    """A provider's token address. Each refresh token is good once and is answered with the next; an access token lives `life` seconds
    as it says, and until `revoke()`."""

    def __init__(self, life=3600, user="help"):
        self.port = free_port()
        self.life, self.user = life, user
        self.refresh, self.access = "refresh-0", None
        self.given = []
        self.broken = False
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                form = urllib.parse.parse_qs(self.rfile.read(int(self.headers.get("Content-Length", 0))).decode())
                status, answer = outer.answer(self.path, {k: v[0] for k, v in form.items()})
                body = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def answer(self, path, form):
        if path == "/introspect":
            good = self.access is not None and form.get("token") == self.access
            return 200, {"active": good, **({"username": self.user} if good else {})}
        if self.broken:
            return 400, {"error": "invalid_client"}
        if form.get("grant_type") != "refresh_token" or form.get("client_id") != "usher" or form.get("client_secret") != "shh":
            return 400, {"error": "invalid_request"}
        if form.get("refresh_token") != self.refresh:
            return 400, {"error": "invalid_grant"}
        n = len(self.given) + 1
        self.access, self.refresh = f"access-{n}", f"refresh-{n}"
        self.given.append(self.access)
        return 200, {"access_token": self.access, "token_type": "Bearer", "expires_in": self.life, "refresh_token": self.refresh}

    def revoke(self):
        self.access = None

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
