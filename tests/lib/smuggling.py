"""Request smuggling: requests that two servers in a row could read differently, each with why. All must be refused by us;
behind another server none may carry a hidden request past it. LEGAL are their well-formed neighbours.

Assembled from RFC 9112 (2.2, 3.2, 5, 6.1, 6.3, 7.1, 11.2) and from the published classes CL.TE, TE.CL, TE.TE, CL.CL, 0.CL,
bare line ends, chunk extensions and trailers.
"""


def hidden(name):
    """The request that somebody tries to hide behind another one."""
    body = f"email=smuggled@x.org&message=smuggled+by+{name}".encode()
    return (b"POST /form/secret HTTP/1.1\r\nHost: front.test\r\nContent-Type: application/x-www-form-urlencoded\r\n"
            b"Content-Length: %d\r\n\r\n%s" % (len(body), body))


HEAD = b"POST /form/contact HTTP/1.1\r\n"
HOST = b"Host: front.test\r\n"
TYPE = b"Content-Type: application/x-www-form-urlencoded\r\n"
TE = b"Transfer-Encoding: chunked\r\n"
END = b"0\r\n\r\n"


def framed(lines, before=b"", head=HEAD + HOST + TYPE):
    """A POST with these header lines; the hidden request follows what `before` says the body is."""
    return lambda h: head + lines + b"\r\n" + before + h


def length(lines):
    """Several lengths: the shorter one leaves the hidden request over. %d is its length."""
    return lambda h: HEAD + HOST + TYPE + lines.replace(b"%d", b"%d" % len(h)) + b"\r\n" + h


def chunked(body):
    """A broken chunk; what follows could be a request to whoever resynchronises."""
    return lambda h: HEAD + HOST + TYPE + TE + b"\r\n" + body.replace(b"HIDDEN", h)


def raw(text):
    return lambda h: text.replace(b"HIDDEN", h)


SEVERE = {
    # ---- two lengths, or one that is none ----
    "cl-cl-differ": length(b"Content-Length: 0\r\nContent-Length: %d\r\n"),
    "cl-cl-differ-turned": length(b"Content-Length: %d\r\nContent-Length: 0\r\n"),
    "cl-list-differ": length(b"Content-Length: 0, %d\r\n"),
    "cl-plus": length(b"Content-Length: +0\r\n"),
    "cl-minus": length(b"Content-Length: -0\r\n"),
    "cl-hex": length(b"Content-Length: 0x0\r\n"),
    "cl-blank-inside": length(b"Content-Length: 0 %d\r\n"),
    "cl-empty": length(b"Content-Length:\r\n"),
    "cl-huge": length(b"Content-Length: 18446744073709551616\r\n"),
    "cl-huge-32": length(b"Content-Length: 36893488147419103232\r\n"),
    "cl-blank-before-colon": length(b"Content-Length : 0\r\n"),
    "cl-semicolon": length(b"Content-Length: 0;\r\n"),
    "cl-quoted": length(b"Content-Length: \"0\"\r\n"),
    "cl-float": length(b"Content-Length: 0.0\r\n"),
    "cl-vertical-tab": length(b"Content-Length: \x0b0\r\n"),
    "cl-nul-behind": length(b"Content-Length: 0\0\r\n"),
    # ---- a length and chunks ----
    "cl-te": framed(b"Content-Length: 5\r\n" + TE, END),
    "te-cl": framed(TE + b"Content-Length: 5\r\n", END),
    "cl-zero-te": framed(b"Content-Length: 0\r\n" + TE, END),
    "te-1.0": framed(TE, END, head=b"POST /form/contact HTTP/1.0\r\n" + HOST + TYPE),
    "te-cl-1.0": framed(b"Content-Length: 5\r\n" + TE, END, head=b"POST /form/contact HTTP/1.0\r\n" + HOST + TYPE),
    # ---- an encoding that only some understand ----
    "te-xchunked": framed(b"Transfer-Encoding: xchunked\r\nContent-Length: 5\r\n", END),
    "te-chunkedx": framed(b"Transfer-Encoding: chunkedx\r\nContent-Length: 5\r\n", END),
    "te-identity": framed(b"Transfer-Encoding: identity\r\nContent-Length: 5\r\n", END),
    "te-chunked-identity": framed(b"Transfer-Encoding: chunked, identity\r\nContent-Length: 5\r\n", END),
    "te-identity-chunked": framed(b"Transfer-Encoding: identity, chunked\r\nContent-Length: 5\r\n", END),
    "te-twice-differ": framed(b"Transfer-Encoding: chunked\r\nTransfer-Encoding: cow\r\nContent-Length: 5\r\n", END),
    "te-quoted": framed(b"Transfer-Encoding: \"chunked\"\r\nContent-Length: 5\r\n", END),
    "te-parameter": framed(b"Transfer-Encoding: chunked;q=1\r\nContent-Length: 5\r\n", END),
    "te-comma-first": framed(b"Transfer-Encoding: ,chunked\r\nContent-Length: 5\r\n", END),
    "te-empty": framed(b"Transfer-Encoding:\r\nContent-Length: 5\r\n", END),
    "te-vertical-tab": framed(b"Transfer-Encoding: \x0bchunked\r\nContent-Length: 5\r\n", END),
    "te-form-feed": framed(b"Transfer-Encoding:\x0cchunked\r\nContent-Length: 5\r\n", END),
    "te-nul": framed(b"Transfer-Encoding: chunked\0\r\nContent-Length: 5\r\n", END),
    "te-high-byte": framed(b"Transfer-Encoding: \xffchunked\r\nContent-Length: 5\r\n", END),
    "te-blank-before-colon": framed(b"Transfer-Encoding : chunked\r\nContent-Length: 5\r\n", END),
    "te-tab-before-colon": framed(b"Transfer-Encoding\t: chunked\r\nContent-Length: 5\r\n", END),
    "te-blank-first": framed(b" Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", END),
    "te-folded": framed(b"Transfer-Encoding:\r\n chunked\r\nContent-Length: 5\r\n", END),
    "te-folded-colon": framed(b"Transfer-Encoding\r\n : chunked\r\nContent-Length: 5\r\n", END),
    "te-behind-bare-cr": framed(b"A: b\rTransfer-Encoding: chunked\r\nContent-Length: 5\r\n", END),
    "te-behind-bare-lf": framed(b"A: b\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n", END),
    "te-nul-in-name": framed(b"Transfer-Encoding\0: chunked\r\nContent-Length: 5\r\n", END),
    # ---- chunks that end elsewhere for somebody ----
    "chunk-size-hex": chunked(b"0x0\r\n\r\nHIDDEN"),
    "chunk-size-plus": chunked(b"+0\r\n\r\nHIDDEN"),
    "chunk-size-minus": chunked(b"-1\r\n\r\nHIDDEN"),
    "chunk-size-wraps": chunked(b"10000000000000000\r\n\r\nHIDDEN"),
    "chunk-size-blank": chunked(b" 0\r\n\r\nHIDDEN"),
    "chunk-size-empty": chunked(b"\r\n\r\nHIDDEN"),
    "chunk-size-underscore": chunked(b"0_0\r\n\r\nHIDDEN"),
    "chunk-line-lf": chunked(b"0\n\r\nHIDDEN"),
    "chunk-line-cr": chunked(b"1\rxx\r\n0\r\n\r\nHIDDEN"),
    "chunk-data-lf": chunked(b"1\r\nx\n0\r\n\r\nHIDDEN"),
    "chunk-data-long": chunked(b"1\r\nxyz\r\n0\r\n\r\nHIDDEN"),
    "chunk-extension-lf": chunked(b"1;a\nx\r\n0\r\n\r\nHIDDEN"),
    "chunk-extension-cr": chunked(b"1;a\rb\r\nx\r\n0\r\n\r\nHIDDEN"),
    "chunk-extension-nul": chunked(b"1;\0\r\nx\r\n0\r\n\r\nHIDDEN"),
    "trailer-lf": chunked(b"0\r\nA: b\n\r\nHIDDEN"),
    "trailer-folded": chunked(b"0\r\nA: b\r\n c\r\n\r\nHIDDEN"),
    "trailer-no-colon": chunked(b"0\r\nGET /form/secret\r\n\r\nHIDDEN"),
    "last-chunk-lf-lf": chunked(b"0\n\nHIDDEN"),
    # ---- lines ----
    "header-ends-lf-lf": raw(b"GET /form/contact HTTP/1.1\r\nHost: front.test\n\nHIDDEN"),
    "lines-end-in-lf": raw(b"GET /form/contact HTTP/1.1\nHost: front.test\n\nHIDDEN"),
    "lines-end-in-cr": raw(b"GET /form/contact HTTP/1.1\rHost: front.test\r\rHIDDEN"),
    "nul-in-value": raw(b"GET /form/contact HTTP/1.1\r\nHost: front.test\r\nA: b\0c\r\n\r\nHIDDEN"),
    "nul-in-name": raw(b"GET /form/contact HTTP/1.1\r\nHost: front.test\r\nA\0: b\r\n\r\nHIDDEN"),
    "obs-fold": raw(b"GET /form/contact HTTP/1.1\r\nHost: front.test\r\nA: b\r\n c: d\r\n\r\nHIDDEN"),
    "obs-fold-tab": raw(b"GET /form/contact HTTP/1.1\r\nHost: front.test\r\nA: b\r\n\tc: d\r\n\r\nHIDDEN"),
    "first-line-folded": raw(b"GET /form/contact HTTP/1.1\r\n Host: front.test\r\nA: b\r\n\r\nHIDDEN"),
    "name-empty": raw(b"GET /form/contact HTTP/1.1\r\nHost: front.test\r\n: b\r\n\r\nHIDDEN"),
    "name-with-blank": raw(b"GET /form/contact HTTP/1.1\r\nHost: front.test\r\nA b: c\r\n\r\nHIDDEN"),
    "no-colon": raw(b"GET /form/contact HTTP/1.1\r\nHost: front.test\r\nContent-Length 5\r\n\r\nHIDDEN"),
    # ---- whom it is for ----
    "host-none": raw(b"GET /form/contact HTTP/1.1\r\nA: b\r\n\r\nHIDDEN"),
    "host-twice": raw(b"GET /form/contact HTTP/1.1\r\nHost: front.test\r\nHost: other.test\r\n\r\nHIDDEN"),
    "host-empty": raw(b"GET /form/contact HTTP/1.1\r\nHost:\r\n\r\nHIDDEN"),
    "host-with-path": raw(b"GET /form/contact HTTP/1.1\r\nHost: front.test/form/secret\r\n\r\nHIDDEN"),
    "host-with-user": raw(b"GET /form/contact HTTP/1.1\r\nHost: front.test@other.test\r\n\r\nHIDDEN"),
    "host-list": raw(b"GET /form/contact HTTP/1.1\r\nHost: front.test, other.test\r\n\r\nHIDDEN"),
    "host-not-of-target": raw(b"GET http://other.test/form/contact HTTP/1.1\r\nHost: front.test\r\n\r\nHIDDEN"),
    # ---- the request line ----
    "blank-in-target": raw(b"GET /form/contact /form/secret HTTP/1.1\r\nHost: front.test\r\n\r\nHIDDEN"),
    "version-unknown": raw(b"GET /form/contact HTTP/1.9\r\nHost: front.test\r\n\r\nHIDDEN"),
    "version-long": raw(b"GET /form/contact HTTP/1.10\r\nHost: front.test\r\n\r\nHIDDEN"),
    "version-none": raw(b"GET /form/contact\r\nHost: front.test\r\n\r\nHIDDEN"),
    "tab-in-line": raw(b"GET\t/form/contact\tHTTP/1.1\r\nHost: front.test\r\n\r\nHIDDEN"),
}

FIELDS = b"email=ann%40x.org&message=legal"
SIZE = b"%d" % len(FIELDS)
HEX = b"%x" % len(FIELDS)
POST = HEAD + HOST + TYPE + b"Accept: application/json\r\n"

# name: (request, status)
LEGAL = {
    "get": (b"GET /form/contact HTTP/1.1\r\n" + HOST + b"\r\n", 200),
    "get-port-in-host": (b"GET /form/contact HTTP/1.1\r\nHost: front.test:80\r\n\r\n", 200),
    "get-whole-url": (b"GET http://front.test/form/contact HTTP/1.1\r\n" + HOST + b"\r\n", 200),
    "get-field-empty": (b"GET /form/contact HTTP/1.1\r\n" + HOST + b"A:\r\nB: \t x \t\r\n\r\n", 200),
    "get-name-in-any-case": (b"GET /form/contact HTTP/1.1\r\nhOsT: front.test\r\n\r\n", 200),
    "head": (b"HEAD /form/contact HTTP/1.1\r\n" + HOST + b"\r\n", 200),
    "length": (POST + b"Content-Length: " + SIZE + b"\r\n\r\n" + FIELDS, 201),
    "length-blanks-around": (POST + b"Content-Length:  " + SIZE + b" \r\n\r\n" + FIELDS, 201),
    "chunked": (POST + TE + b"\r\n" + HEX + b"\r\n" + FIELDS + b"\r\n0\r\n\r\n", 201),
    "chunked-any-case": (POST + b"tRANSFER-eNCODING: Chunked\r\n\r\n" + HEX + b"\r\n" + FIELDS + b"\r\n0\r\n\r\n", 201),
    "chunked-upper-hex": (POST + TE + b"\r\n" + HEX.upper() + b"\r\n" + FIELDS + b"\r\n0\r\n\r\n", 201),
    "chunked-small": (POST + TE + b"\r\n" + b"".join(b"1\r\n%c\r\n" % c for c in FIELDS) + b"0\r\n\r\n", 201),
    "chunked-extension": (POST + TE + b"\r\n" + HEX + b";a=b\r\n" + FIELDS + b"\r\n0\r\n\r\n", 201),
    "chunked-trailer": (POST + TE + b"\r\n" + HEX + b"\r\n" + FIELDS + b"\r\n0\r\nX-Sum: 1\r\n\r\n", 201),
    "length-nothing": (POST + b"Content-Length: 0\r\n\r\n", 422),
}
