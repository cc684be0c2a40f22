"""Request smuggling: requests that two servers in a row could read differently, each with why. All must be refused by us;
behind another server none may carry a hidden request past it. LEGAL are their well-formed neighbours.

Assembled from RFC 9112 (2.2, 3.2, 5, 6.1, 6.3, 7.1, 11.2), from the published classes CL.TE, TE.CL, TE.TE, CL.CL, 0.CL, bare line ends, chunk
extensions and trailers, and from what the HTTP Garden found other servers and proxies to get wrong. DISGUISED are the ways in which two scanners
(smuggler with all its lists, HTTP Request Smuggler) disguise the fields that say how long a body is.
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
    "cl-letter-behind": length(b"Content-Length: 0Z\r\n"),
    "cl-underscore": length(b"Content-Length: 0_0\r\n"),
    "cl-empty-then-real": length(b"Content-Length:\r\nContent-Length: %d\r\n"),
    "cl-real-then-empty": length(b"Content-Length: %d\r\nContent-Length: \r\n"),
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
    "te-twice": framed(TE + TE, END),
    "te-split": framed(b"Transfer-\r\nEncoding: chunked\r\nContent-Length: 5\r\n", END),
    "te-next-line-byte": framed(b"Transfer-Encoding: \x85chunked\r\nContent-Length: 5\r\n", END),
    "te-unknown": framed(b"Transfer-Encoding: blegh\r\n", END),
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
    "chunk-size-prefix": chunked(b"1these-bytes\r\nZ\r\n0\r\n\r\nHIDDEN"),
    "chunk-size-underscore-hex": chunked(b"0_2e\r\n\r\nHIDDEN"),
    "chunk-size-none": chunked(b"INVALID!!!\r\nHIDDEN"),
    "chunk-size-minus-hex": chunked(b"-0x0\r\n\r\nHIDDEN"),
    "chunk-empty-line-before-last": chunked(b"1\r\nx\r\n\r\n0\r\n\r\nHIDDEN"),
    "chunk-size-cr-cr": chunked(b"2\r\r;a\r\n02\r\n41\r\n0\r\n\r\nHIDDEN"),
    "chunk-extension-cr-cr": chunked(b"1;a=b\r\rX\r\n0\r\n\r\nHIDDEN"),
    "chunk-extension-blank-cr": chunked(b"1; \ra\r\nX\r\n0\r\n\r\nHIDDEN"),
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
    "header-ends-cr-x": raw(b"GET /form/contact HTTP/1.1\r\nHost: front.test\r\n\rZHIDDEN"),
    "value-of-lf-lf": raw(b"GET /form/contact HTTP/1.1\r\nHost: front.test\r\nUseless:\n\nHIDDEN"),
    "name-empty-alone": raw(b"GET /form/contact HTTP/1.1\r\n:\r\nHost: front.test\r\n\r\nHIDDEN"),
    "name-next-line-byte": raw(b"GET /form/contact HTTP/1.1\r\nHost: front.test\r\nContent-Length\x85: 10\r\n\r\nHIDDEN"),
    "name-over-lines": raw(b"GET /form/contact HTTP/1.1\r\nHost: front.test\r\nTe\nst: x\r\n\r\nHIDDEN"),
    "no-colon": raw(b"GET /form/contact HTTP/1.1\r\nHost: front.test\r\nContent-Length 5\r\n\r\nHIDDEN"),
    # ---- whom it is for ----
    "host-none": raw(b"GET /form/contact HTTP/1.1\r\nA: b\r\n\r\nHIDDEN"),
    "host-twice": raw(b"GET /form/contact HTTP/1.1\r\nHost: front.test\r\nHost: other.test\r\n\r\nHIDDEN"),
    "host-empty": raw(b"GET /form/contact HTTP/1.1\r\nHost:\r\n\r\nHIDDEN"),
    "host-with-path": raw(b"GET /form/contact HTTP/1.1\r\nHost: front.test/form/secret\r\n\r\nHIDDEN"),
    "host-with-user": raw(b"GET /form/contact HTTP/1.1\r\nHost: front.test@other.test\r\n\r\nHIDDEN"),
    "host-nul": raw(b"GET /form/contact HTTP/1.1\r\nHost: front.test\0.other.test\r\n\r\nHIDDEN"),
    "host-high-bytes": raw(b"GET /form/contact HTTP/1.1\r\nHost: \xfffront.test\xff\r\n\r\nHIDDEN"),
    "host-list": raw(b"GET /form/contact HTTP/1.1\r\nHost: front.test, other.test\r\n\r\nHIDDEN"),
    "host-not-of-target": raw(b"GET http://other.test/form/contact HTTP/1.1\r\nHost: front.test\r\n\r\nHIDDEN"),
    # ---- the request line ----
    "blank-in-target": raw(b"GET /form/contact /form/secret HTTP/1.1\r\nHost: front.test\r\n\r\nHIDDEN"),
    "version-unknown": raw(b"GET /form/contact HTTP/1.9\r\nHost: front.test\r\n\r\nHIDDEN"),
    "version-long": raw(b"GET /form/contact HTTP/1.10\r\nHost: front.test\r\n\r\nHIDDEN"),
    "version-overflows": raw(b"GET /form/contact HTTP/4294967297.257\r\nHost: front.test\r\n\r\nHIDDEN"),
    "version-cr": raw(b"GET /form/contact HTTP/\r\r1.1\r\nHost: front.test\r\n\r\nHIDDEN"),
    "method-prefix": raw(b"GET=\":<>(e),[T];?\" /form/contact HTTP/1.1\r\nHost: front.test\r\n\r\nHIDDEN"),
    "line-over-two": raw(b"GET /form/contact\nHTTP/1.1\r\nHost: front.test\r\n\r\nHIDDEN"),
    "expect-twice": raw(b"GET /form/contact HTTP/1.1\r\nHost: front.test\r\nExpect: 100-continue\r\nExpect: x\r\n\r\nHIDDEN"),
    "expect-vertical-tab": raw(b"GET /form/contact HTTP/1.1\r\nHost: front.test\r\nExpect: \x0b100-continue\r\n\r\nHIDDEN"),
    "version-none": raw(b"GET /form/contact\r\nHost: front.test\r\n\r\nHIDDEN"),
    "tab-in-line": raw(b"GET\t/form/contact\tHTTP/1.1\r\nHost: front.test\r\n\r\nHIDDEN"),
}

def disguises(name, value):
    """(what, header lines) for one field; a name that only became another, legal name is not among them: it is somebody's own field."""
    n, v, middle = name, value, name.index(b"-")
    yield from {
        "blank first": b" %b: %b" % (n, v), "tab and tab": b"%b\t:\t%b" % (n, v), "blank for hyphen": b"%b: %b" % (n.replace(b"-", b" "), v),
        "blank for hyphen, none behind": b"%b:%b" % (n.replace(b"-", b" "), v), "backslash for hyphen": b"%b: %b" % (n.replace(b"-", b"\\"), v),
        "value folded by LF": b"%b:\n %b" % (n, v), "colon folded by LF": b"%b\n : %b" % (n, v), "folded": b"%b: \r\n\t%b" % (n, v),
        "LF and vertical tab": b"%b: \n\x0b%b" % (n, v), "behind a fold": b"Foo: bar\r\n %b: %b" % (n, v),
        "behind a fold by tab": b"Foo: bar\r\n\t%b: %b" % (n, v), "behind CR": b"Foo: bar\r%b: %b" % (n, v), "behind LF": b"Foo: bar\n%b: %b" % (n, v),
        "behind CR LF CR": b"Foo: bar\r\n\r%b: %b" % (n, v), "behind LF LF": b"Foo: bar\n\n%b: %b" % (n, v),
        "CR in the name": b"%b\r%b: %b" % (n[:3], n[3:], v), "CR LF in the name": b"%b\r\n%b: %b" % (n[:middle + 1], n[middle + 1:], v),
        "a word behind the name": b"%b x: %b" % (n, v), "a high byte in the name": b"%b\x82%b: %b" % (n[:4], n[5:], v),
        "quoted": b"%b: \"%b\"" % (n, v), "in apostrophes": b"%b: '%b'" % (n, v), "in the middle": b"%b: cow %b bar" % (n, v),
        "a cow behind": b"%b: %b, cow" % (n, v), "a cow before": b"%b: cow, %b" % (n, v), "between cows": b"%b: cow, %b, cow" % (n, v),
        "a field of cows before": b"%b: cow\r\n%b: %b" % (n, n, v), "half": b"%b: %b" % (n, v[:5].replace(b"9", b"9x")),
        "a high byte in the value": b"%b: %b\x96%b" % (n, v[:2], v[3:]),
    }.items()
    for c in (*range(0x21), *range(0x7f, 0x100)):
        b = bytes([c])
        for what, p in (("mid", (b"", b"", b)), ("post", (b"", b, b" ")), ("pre", (b, b"", b" ")), ("pre post", (b, b, b" ")), ("pre mid", (b, b"", b)),
                        ("post mid", (b"", b, b))):
            yield f"{what} {c:02x}", p[0] + n + p[1] + b":" + p[2] + v
        for what, p in (("end", (b"", b"", b" ")), ("pre end", (b, b"", b" ")), ("post end", (b"", b, b" ")), ("mid end", (b"", b"", b))):
            yield f"{what} {c:02x}", p[0] + n + p[1] + b":" + p[2] + v + b


# In the first each body is 5 bytes, or in chunks; in the second as long as what is hidden, or nothing.
DISGUISED = {
    **{f"te {what}": framed(b"Content-Length: 5\r\n" + line + b"\r\n", END) for what, line in disguises(b"Transfer-Encoding", b"chunked")},
    **{f"cl {what}": (lambda h, line=line: HEAD + HOST + TYPE + line.replace(b"9999", b"%d" % len(h)) + b"\r\n\r\n" + h)
       for what, line in disguises(b"Content-Length", b"9999")},
}
# Blanks around a value belong to nothing: these have one length, which is what is hidden.
PLAIN = {f"cl {what} {c}" for c in ("09", "20") for what in ("mid", "end", "mid end")}

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
    "length-zeros-before": (POST + b"Content-Length: 000" + SIZE + b"\r\n\r\n" + FIELDS, 201),
    "length-named-in-connection": (POST + b"Connection: Content-Length\r\nContent-Length: " + SIZE + b"\r\n\r\n" + FIELDS, 201),
    "length-of-a-get": (b"GET /form/contact HTTP/1.1\r\n" + HOST + b"Content-Length: 5\r\n\r\nhello", 200),
    "chunked-size-zeros-before": (POST + TE + b"\r\n" + b"0000000" + HEX + b"\r\n" + FIELDS + b"\r\n000\r\n\r\n", 201),
    "chunked-extension-quoted": (POST + TE + b"\r\n" + HEX + b";a=\"b;c\";d\r\n" + FIELDS + b"\r\n0;e\r\n\r\n", 201),
    "chunked-trailer-like-a-request": (POST + TE + b"\r\n" + HEX + b"\r\n" + FIELDS + b"\r\n0\r\nX:POST / HTTP/1.1\r\n\r\n", 201),
    "own-field-with-underscore": (POST + b"X-Transfer_Encoding: chunked\r\nContent-Length: " + SIZE + b"\r\n\r\n" + FIELDS, 201),
    "value-with-high-bytes": (b"GET /form/contact HTTP/1.1\r\n" + HOST + b"A: \x85b\xa0\r\n\r\n", 200),
    "1.0-length": (POST.replace(b"HTTP/1.1", b"HTTP/1.0") + b"Content-Length: " + SIZE + b"\r\n\r\n" + FIELDS, 201),
    "empty-line-first": (b"\r\nGET /form/contact HTTP/1.1\r\n" + HOST + b"\r\n", 200),
    "target-with-query": (b"GET /form/contact?a=/../b HTTP/1.1\r\n" + HOST + b"\r\n", 200),
}
