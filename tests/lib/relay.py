"""Pipe: a relay of some lines that hands every mail to a handler, for what no real mail server does."""
import base64
import socketserver
import ssl
import threading


class Pipe:
    """SMTP on a free port; handler(sender, recipients, bytes) for each mail, in a thread; what it returns is the reply. With `tokens`
    (mailpeers.Tokens) only who logs in by XOAUTH2 with the present access token is let in, with `only` (PLAIN or LOGIN) only who logs in by that
as help with the password secret; `tls`: (certificate, key), TLS from the first byte."""

    def __init__(self, handler, port=None, tokens=None, tls=None, address="127.0.0.1", only=None):
        self.logins = []
        outer = self
        offered = (only or ("XOAUTH2" if tokens else "")).encode()

        def due(mechanism):
            """What says who it is by that mechanism."""
            return {b"XOAUTH2": f"user=help\1auth=Bearer {tokens.access}\1\1" if tokens else None,
                    b"PLAIN": "\0help\0secret", b"LOGIN": "help\0secret"}[mechanism].encode()

        class Talk(socketserver.StreamRequestHandler):
            def ask(self, what):
                self.wfile.write(b"334 " + base64.b64encode(what) + b"\r\n")
                return base64.b64decode(self.rfile.readline())

            def handle(self):
                sender, rcpts = "", []
                self.wfile.write(b"220 pipe\r\n")
                for line in self.rfile:
                    word = line[:4].upper()
                    reply = b"250 ok"
                    if word == b"EHLO" and offered:
                        reply = b"250-pipe\r\n250 AUTH " + offered
                    elif word == b"AUTH":
                        words = line.split()
                        said = base64.b64decode(words[2]) if len(words) > 2 else self.ask(b"")
                        if offered == b"LOGIN":
                            said += b"\0" + self.ask(b"Password:")
                        good = words[1] == offered and said == due(offered)
                        outer.logins.append(good)
                        reply = b"235 2.7.0 welcome" if good else b"535 5.7.8 no"
                    elif word == b"MAIL" and offered and True not in outer.logins[-1:]:
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
