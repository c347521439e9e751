#!/usr/bin/env python3
"""A small, complete till over HTTP/1.0, with nothing but Python's own library.

    till.py sale REFERENCE AMOUNT               399.00 is 39900
    till.py refund REFERENCE ORIGINAL [AMOUNT]  all that is left, when no amount is given
    till.py cancel REFERENCE                    stop a sale that another till process waits for
    till.py recover                             after a crash or a power cut: finish what was open

BRIDGE_URL, TILL_KEY and TILL_NOTE (the file that remembers what is open) configure it.
Exit codes: 0 done, 1 not done and nothing was taken, 2 refused, 3 not known yet: run `recover`.
"""
import http.client
import json
import os
import sys
import time
from urllib.parse import quote, urlsplit

BRIDGE = urlsplit(os.environ.get("BRIDGE_URL", "http://127.0.0.1:7117"))
KEY = os.environ.get("TILL_KEY", "demo-key")
NOTE = os.environ.get("TILL_NOTE", "till-open.json")
WAIT = 30  # seconds that the bridge may hold a call; the socket below waits longer
PATIENCE = 180  # seconds until the cashier is told that the outcome is open
DONE, NOT_DONE, REFUSED, OPEN = 0, 1, 2, 3


class OldHTTP(http.client.HTTPConnection):
    """Speaks HTTP/1.0, as the tills of 2006 do. Leave this class out to speak HTTP/1.1."""

    _http_vsn, _http_vsn_str = 10, "HTTP/1.0"


def call(method, path, fields=None):
    """One call: the HTTP status and the reply. An OSError means that there was no answer."""
    connection = OldHTTP(BRIDGE.hostname, BRIDGE.port or 80, timeout=WAIT + 10)
    headers = {"Authorization": "Bearer " + KEY}
    body = None
    if fields is not None:
        body = json.dumps(fields).encode()
        headers["Content-Type"] = "application/json"
    try:
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    except (http.client.HTTPException, ValueError) as error:  # cut off in the middle: no answer either
        raise OSError(str(error))
    finally:
        connection.close()


def ask_until_final(path, fields):
    """Asks with the same reference until the outcome is proven. That is safe: it never charges twice."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        try:
            status, reply = call("POST", path, dict(fields, wait=WAIT))
        except OSError as error:
            print("No answer (%s); asking again with the same reference ..." % error)
        else:
            # A problem has a code; an operation has not.
            if reply.get("final") or reply["retry"] == "operator":
                return reply
            if "code" in reply and reply["retry"] != "same_reference":
                return reply
            print(reply.get("message") or reply.get("detail"))
        time.sleep(1)
    return None


def remember(path, fields):
    """Writes down what is about to be asked, before it is: a till that dies asks for the same again."""
    with open(NOTE, "w") as note:
        json.dump({"path": path, "fields": fields}, note)
        note.flush()
        os.fsync(note.fileno())


def settle(path, reply):
    """Shows the outcome, prints the receipt, books it, and forgets the note."""
    if reply and "code" in reply:
        print("Refused: %(code)s: %(detail)s" % reply)
        os.remove(NOTE)
        return REFUSED
    if not reply or not reply["final"]:
        print("NOT KNOWN: do not hand out the goods, do not sell again; look at the terminal's receipt, then `recover`.")
        return OPEN
    print(reply["message"])
    if reply["status"] == "approved":
        print("%s %s %.2f %s" % (reply["kind"], reply["reference"], reply["amount_approved"] / 100, reply["currency"]))
        print(reply.get("receipt", {}).get("customer", ""))
    # Here a real till writes the result into its books, before the note goes.
    call("POST", "%s/%s/ack" % (path, quote(reply["reference"], safe="")))
    os.remove(NOTE)
    return DONE if reply["status"] == "approved" else NOT_DONE


def start(path, fields):
    if os.path.exists(NOTE):
        print("Something is open still: run `recover` first.")
        return OPEN
    remember(path, fields)
    return settle(path, ask_until_final(path, fields))


def cancel(reference):
    """Asks to stop; the reply tells what really happened, and an approval wins."""
    status, reply = call("POST", "/pay/%s/cancel" % quote(reference, safe=""), {"wait": WAIT})
    print(reply.get("message") or reply.get("detail"))
    if "code" in reply:
        return REFUSED
    return {"cancelled": DONE, "pending": OPEN, "unknown": OPEN}.get(reply["status"], NOT_DONE)


def recover():
    status, last = call("GET", "/last")
    if not os.path.exists(NOTE):
        print("Nothing is open. The last was:", last.get("reference", "none"), last.get("status", ""))
        return DONE
    with open(NOTE) as note:
        opened = json.load(note)
    path, fields = opened["path"], opened["fields"]
    kind = "sale" if path == "/pay" else "refund"
    if last.get("final") and (last["kind"], last["reference"]) == (kind, fields["reference"]):
        return settle(path, last)
    # Under way, or it never arrived: the same reference again joins it, or starts it.
    return settle(path, ask_until_final(path, fields))


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
