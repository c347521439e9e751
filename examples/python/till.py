#!/usr/bin/env python3
"""A small, complete till over HTTP/1.0, with nothing but Python's own library.

    till.py sale REFERENCE AMOUNT               399.00 is 39900
    till.py refund REFERENCE ORIGINAL [AMOUNT]  all that is left, when no amount is given
    till.py cancel REFERENCE                    stop a sale that another till process waits for
    till.py recover                             after a crash or a power cut: how did it end? It begins nothing

BRIDGE_URL, TILL_KEY and TILL_NOTE (the file that remembers what is open) configure it; for https, POS_BRIDGE_CA is the
file with the authority to trust.
Exit codes: 0 done, 1 not done and nothing was taken, 2 refused, 3 not known yet: run `recover`.
"""
import http.client
import json
import os
import ssl
import sys
import time
from urllib.parse import quote, urlsplit

BRIDGE = urlsplit(os.environ.get("BRIDGE_URL", "http://127.0.0.1:7117"))
KEY = os.environ.get("TILL_KEY", "demo-key")
NOTE = os.environ.get("TILL_NOTE", "till-open.txt")
AUTHORITY = os.environ.get("POS_BRIDGE_CA")  # the machine's own list, when it is not set
WAIT = 30  # seconds that the bridge may hold a call; the socket below waits longer
PATIENCE = 180  # seconds until the cashier is told that the outcome is open
DONE, NOT_DONE, REFUSED, OPEN = 0, 1, 2, 3


def connect():
    """Plain, or encrypted when the address begins with https: then the bridge must prove that it is the bridge."""
    if BRIDGE.scheme == "https":
        trusted = ssl.create_default_context(cafile=AUTHORITY)
        connection = http.client.HTTPSConnection(BRIDGE.hostname, BRIDGE.port, timeout=WAIT + 10, context=trusted)
    else:
        connection = http.client.HTTPConnection(BRIDGE.hostname, BRIDGE.port, timeout=WAIT + 10)
    # HTTP/1.0, as the tills of 2006 speak. Leave this line out to speak HTTP/1.1.
    connection._http_vsn, connection._http_vsn_str = 10, "HTTP/1.0"
    return connection


def call(method, path, fields=None):
    """One call and its reply. An OSError means that there was no answer."""
    connection = connect()
    headers = {"Authorization": "Bearer " + KEY}
    body = None
    if fields is not None:
        body = json.dumps(fields).encode()
        headers["Content-Type"] = "application/json"
    try:
        connection.request(method, path, body, headers)
        return json.loads(connection.getresponse().read())
    except (http.client.HTTPException, ValueError) as error:  # cut off in the middle: no answer either
        raise OSError(str(error))
    finally:
        connection.close()


def ask_until_final(method, path, fields=None):
    """Asks with the same reference until the outcome is proven. That is safe: it never charges twice."""
    deadline = time.monotonic() + PATIENCE
    began = False
    while time.monotonic() < deadline:
        try:
            reply = call(method, path, fields)
        except OSError as error:
            print("No answer (%s); asking again with the same reference ..." % error)
        else:
            if reply.get("retry") != "same_reference":
                # A refusal has a code. It proves nothing about what an earlier try may have begun.
                return {} if began and "code" in reply else reply
            print(told(reply))
        began = method == "POST"
        time.sleep(1)
    return {}


def told(reply):
    return reply.get("message") or reply.get("detail")


def remember(address):
    """Writes down what is about to be asked, before it is: a till that dies knows what to ask about."""
    with open(NOTE, "w") as note:
        note.write(address)
        note.flush()
        os.fsync(note.fileno())


def settle(address, reply):
    """Shows the outcome, prints the receipt, books it, and forgets the note."""
    if not reply.get("final"):
        print("NOT KNOWN: do not hand out the goods, do not sell again; look at the terminal's receipt, then `recover`.")
        return OPEN
    print(reply["message"])
    if reply["status"] == "approved":
        amount = "%d.%02d" % divmod(reply["amount_approved"], 100)
        print(reply["kind"], reply["reference"], amount, reply["currency"])
        print(reply.get("receipt", {}).get("customer", ""))
    # Here a real till writes the result into its books, before the note goes.
    call("POST", address + "/ack")
    os.remove(NOTE)
    return DONE if reply["status"] == "approved" else NOT_DONE


def start(path, fields):
    if os.path.exists(NOTE):
        print("Something is open still: run `recover` first.")
        return OPEN
    address = "%s/%s" % (path, quote(fields["reference"], safe=""))
    remember(address)
    reply = ask_until_final("POST", path, dict(fields, wait=WAIT))
    if "code" in reply:
        print("Refused: %(code)s: %(detail)s" % reply)
        os.remove(NOTE)
        return REFUSED
    return settle(address, reply)


def cancel(reference):
    """Asks to stop; the reply tells what really happened, and an approval wins."""
    reply = call("POST", "/pay/%s/cancel" % quote(reference, safe=""), {"wait": WAIT})
    print(told(reply))
    if "code" in reply:
        return REFUSED
    return {"cancelled": DONE, "pending": OPEN, "unknown": OPEN}.get(reply["status"], NOT_DONE)


def recover():
    """Only asks how what was open stands. It sends no sale: the customer may be gone."""
    if not os.path.exists(NOTE):
        print("Nothing is open.")
        return DONE
    with open(NOTE) as note:
        address = note.read()
    reply = ask_until_final("GET", "%s?wait=%d" % (address, WAIT))
    if reply.get("code") == "not_found":
        print("%s was never sent: nothing was taken. It may be rung up anew." % address)
        os.remove(NOTE)
        return NOT_DONE
    if "code" in reply:
        print("Refused: %(code)s: %(detail)s" % reply)
    return settle(address, reply)


def main(words):
    if len(words) == 3 and words[0] == "sale" and words[2].isdigit():
        return start("/pay", {"reference": words[1], "amount": int(words[2])})
    if len(words) in (3, 4) and words[0] == "refund" and all(word.isdigit() for word in words[3:]):
        fields = {"reference": words[1], "original_reference": words[2]}
        fields.update({"amount": int(word) for word in words[3:]})
        return start("/refund", fields)
    if len(words) == 2 and words[0] == "cancel":
        return cancel(words[1])
    if words == ["recover"]:
        return recover()
    print(__doc__)
    return REFUSED


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except OSError as error:
        print("The bridge at %s does not answer: %s" % (BRIDGE.geturl(), error))
        sys.exit(OPEN)
