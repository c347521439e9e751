#!/usr/bin/env python3
"""A small, complete till over HTTP/1.0, with nothing but Python's own library.

    till.py sale REFERENCE AMOUNT               399.00 is 39900
    till.py refund REFERENCE ORIGINAL [AMOUNT]  all that is left, when no amount is given
    till.py cancel REFERENCE                    stop a sale that another till process waits for
    till.py signature REFERENCE yes|no          is the customer's signature on a sale the card's?
    till.py recover                             after a crash or a power cut: how did it end? It begins nothing

BRIDGE_URL, TILL_KEY and TILL_NOTE (the file that remembers what is open) configure it; TILL_TERMINAL names another
terminal than the till's own; for https, TILL_CA is the file with the authority to trust.
Exit codes: 0 done, 1 not done and nothing was taken, 2 refused, 3 not known yet: run `recover`.
"""
import hashlib
import http.client
import json
import os
import socket
import ssl
import sys
import time
from urllib.parse import quote, urlsplit

BRIDGE = urlsplit(os.environ.get("BRIDGE_URL", "http://127.0.0.1:7117"))
KEY = os.environ.get("TILL_KEY", "demo-key")
NOTE = os.environ.get("TILL_NOTE", "till-open.txt")
TERMINAL = os.environ.get("TILL_TERMINAL")  # the till's own, when it is not set
AUTHORITY = os.environ.get("TILL_CA")  # the machine's own list, when it is not set
WAIT = 30  # seconds that the bridge may hold a call; the socket below waits longer
PATIENCE = 180  # seconds until the cashier is told that the outcome is open
DONE, NOT_DONE, REFUSED, OPEN = 0, 1, 2, 3


class NoAnswer(Exception):
    """What was asked may have been done all the same."""


class NotAsked(Exception):
    """Proven: nothing left this machine, and asking again would change nothing."""


def connect():
    """Plain, or encrypted when the address begins with https: then the bridge must prove that it is the bridge."""
    if BRIDGE.scheme == "https":
        try:
            trusted = ssl.create_default_context(cafile=AUTHORITY)
        except OSError as error:
            raise NotAsked("TILL_CA: the authority %s cannot be read: %s" % (AUTHORITY, error))
        connection = http.client.HTTPSConnection(BRIDGE.hostname, BRIDGE.port, timeout=WAIT + 10, context=trusted)
    else:
        connection = http.client.HTTPConnection(BRIDGE.hostname, BRIDGE.port, timeout=WAIT + 10)
    # HTTP/1.0, as the tills of 2006 speak. Leave this line out to speak HTTP/1.1.
    connection._http_vsn, connection._http_vsn_str = 10, "HTTP/1.0"
    return connection


def call(method, path, fields=None):
    """One call and its reply."""
    connection = connect()
    headers = {"Authorization": "Bearer " + KEY}
    body = None
    if fields is not None:
        body = json.dumps(fields).encode()
        headers["Content-Type"] = "application/json"
    try:
        connection.request(method, path, body, headers)
        return json.loads(connection.getresponse().read())
    except socket.gaierror as error:
        raise NotAsked("BRIDGE_URL: the name %s is not known here (%s)" % (BRIDGE.hostname, error))
    except ssl.SSLCertVerificationError as error:
        raise NotAsked("its certificate is not trusted (%s); set TILL_CA to the store's authority.pem" % error)
    except (OSError, http.client.HTTPException, ValueError) as error:  # cut off in the middle: no answer either
        raise NoAnswer(str(error))
    finally:
        connection.close()


def ask_until_final(method, path, fields=None, began=False):
    """Asks with the same reference until the outcome is proven. That is safe: it never charges twice."""
    deadline = time.monotonic() + PATIENCE
    asked, shown = False, None
    while time.monotonic() < deadline:
        try:
            reply = call(method, path, fields)
            words = told(reply)
        except (NoAnswer, NotAsked) as error:
            if isinstance(error, NotAsked) and not asked:
                raise
            reply, words = {}, "No answer (%s); asking again with the same reference ..." % error
        if reply.get("retry", "same_reference") != "same_reference":
            if began and "code" in reply:
                # It proves nothing about what an earlier try may have begun.
                refused(reply)
                return {}
            return reply
        if words != shown:
            print(words, flush=True)
        asked, shown, began = True, words, began or method == "POST"
        time.sleep(1)
    return {}


def refused(reply):
    print("Refused: %(code)s: %(detail)s" % reply)


def told(reply):
    return reply.get("message") or reply.get("detail")


def whose():
    """Which bridge is asked, and as which till. A file is no place for the key itself."""
    return [BRIDGE.geturl(), hashlib.sha256(KEY.encode()).hexdigest()]


def remember(address, command):
    """Writes down what is about to be asked, before it is: a till that dies knows what to ask about, and whom."""
    try:
        with open(NOTE, "w") as note:
            note.write("\n".join([address, command] + whose()) + "\n")
            note.flush()
            os.fsync(note.fileno())
    except OSError as error:
        forget()
        raise NotAsked("TILL_NOTE: the note cannot be written: %s" % error)


def remembered():
    """What was asked, the command that asked it, and whom it asked; None when nothing is open."""
    try:
        with open(NOTE) as note:
            lines = note.read().splitlines()
    except FileNotFoundError:
        return None
    # An empty note: the power went while it was written, which is before anything is asked.
    return (lines[0], " ".join(lines[1:2]), lines[2:]) if lines else None


def forget():
    try:
        os.remove(NOTE)
    except FileNotFoundError:
        pass


def settle(address, reply):
    """Shows the outcome, prints the receipt, books it, and forgets the note."""
    if not reply.get("final"):
        print("NOT KNOWN: do not hand out the goods, do not sell again; look at the terminal's receipt, then `recover`.")
        return OPEN
    if reply.get("late"):
        print("!!! LATE: it was PAID after all. Give the goods, or refund it. !!!")
    print(reply["message"])
    if reply["status"] == "approved":
        amount = "%d.%02d" % divmod(reply["amount_approved"], 100)
        print(reply["kind"], reply["reference"], amount, reply["currency"])
        print(reply.get("receipt", {}).get("customer", ""))
    # Here a real till writes the result into its books, before the note goes.
    call("POST", address + "/ack")
    forget()
    return DONE if reply["status"] == "approved" else NOT_DONE


def start(path, fields, command):
    address = "%s/%s" % (path, quote(fields["reference"], safe=""))
    before = remembered()
    if before not in (None, (address, command, whose())):
        print("Something is open still: run `recover` first.")
        return OPEN
    if not before:
        remember(address, command)
    if TERMINAL:
        fields["terminal"] = TERMINAL
    try:
        reply = ask_until_final("POST", path, dict(fields, wait=WAIT), began=bool(before))
    except NotAsked:
        if not before:
            forget()
        raise
    if "code" in reply:
        refused(reply)
        forget()
        return REFUSED
    return settle(address, reply)


def cancel(reference):
    """Asks to stop; the reply tells what really happened, and an approval wins."""
    reply = call("POST", "/pay/%s/cancel" % quote(reference, safe=""), {"wait": WAIT})
    print(told(reply))
    if "code" in reply:
        return REFUSED
    return {"cancelled": DONE, "pending": OPEN, "unknown": OPEN}.get(reply["status"], NOT_DONE)


def sign(reference, is_the_cards):
    """The cashier's answer; the process that waits for the sale tells how that ends."""
    reply = call("POST", "/pay/%s/signature" % quote(reference, safe=""), {"accepted": is_the_cards})
    print(told(reply))
    return REFUSED if "code" in reply else DONE


def recover():
    """Only asks how what was open stands. It sends no sale: the customer may be gone."""
    before = remembered()
    if not before:
        print("Nothing is open.")
        return DONE
    address, command, asked = before
    if asked != whose():
        other = "another TILL_KEY" if asked[:1] == [BRIDGE.geturl()] else "BRIDGE_URL=" + "".join(asked[:1])
        print("%s stays open: it was begun with %s, so `recover` with that." % (address, other))
        return REFUSED
    reply = ask_until_final("GET", "%s?wait=%d" % (address, WAIT))
    if reply.get("code") == "not_found":
        # No proof that nothing was taken: what this till sent before it died may still be on its way.
        print("The bridge does not know %s (yet). It stays open. Safe is only the same number:" % address)
        print("    till.py " + command)
        print("It charges once, however often it is sent. If the customer is gone, `cancel` it meanwhile.")
        return OPEN
    if "code" in reply:
        refused(reply)
    return settle(address, reply)


def main(words):
    command = " ".join(words)
    if len(words) == 3 and words[0] == "sale" and words[2].isdigit():
        return start("/pay", {"reference": words[1], "amount": int(words[2])}, command)
    if len(words) in (3, 4) and words[0] == "refund" and all(word.isdigit() for word in words[3:]):
        fields = {"reference": words[1], "original_reference": words[2]}
        fields.update({"amount": int(word) for word in words[3:]})
        return start("/refund", fields, command)
    if len(words) == 2 and words[0] == "cancel":
        return cancel(words[1])
    if len(words) == 3 and words[0] == "signature" and words[2] in ("yes", "no"):
        return sign(words[1], words[2] == "yes")
    if words == ["recover"]:
        return recover()
    print(__doc__)
    return REFUSED


if __name__ == "__main__":
    if BRIDGE.scheme not in ("http", "https"):
        print("BRIDGE_URL must begin with http:// or https://, as in http://127.0.0.1:7117")
        sys.exit(REFUSED)
    try:
        sys.exit(main(sys.argv[1:]))
    except NotAsked as error:
        print("The bridge was not asked: %s" % error)
        sys.exit(REFUSED)
    except NoAnswer as error:
        print("The bridge at %s does not answer: %s" % (BRIDGE.geturl(), error))
    except OSError as error:
        print("TILL_NOTE: the note cannot be read or removed: %s" % error)
    except KeyboardInterrupt:
        print("Stopped. What is open stays open: run `recover`.")
    sys.exit(OPEN)
