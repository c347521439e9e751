#!/bin/sh
# A small, complete till with wget and a POSIX shell: a form goes out, lines of key=value come back.
#
#   till.sh sale REFERENCE AMOUNT               399.00 is 39900
#   till.sh refund REFERENCE ORIGINAL [AMOUNT]  all that is left, when no amount is given
#   till.sh cancel REFERENCE                    stop a sale that another till process waits for
#   till.sh signature REFERENCE yes|no          is the customer's signature on a sale the card's?
#   till.sh recover                             after a crash or a power cut: how did it end? It begins nothing
#
# BRIDGE_URL, TILL_KEY and TILL_NOTE (the file that remembers what is open) configure it; TILL_TERMINAL names another
# terminal than the till's own; for https, TILL_CA is the file with the authority to trust.
# Exit codes: 0 done, 1 not done and nothing was taken, 2 refused, 3 not known yet: run recover.
set -u
bridge=${BRIDGE_URL:-http://127.0.0.1:7117}
key=${TILL_KEY:-demo-key}
note=${TILL_NOTE:-till-open.txt}
terminal=${TILL_TERMINAL:-}  # the till's own, when it is not set
authority=${TILL_CA:-}  # the machine's own list, when it is not set
wait=30       # seconds that the bridge may hold a call; wget below waits longer
patience=180  # seconds until the cashier is told that the outcome is open
done=0 not_done=1 refused=2 open=3
command=$*
hash=$(printf '%s' "$key" | sha256sum | cut -c 1-64)  # a file is no place for the key itself

# Proven: nothing left this machine, and asking again would change nothing.
not_asked() { # WHY
    [ "${forgets-}" != yes ] || rm -f "$note"
    echo "The bridge was not asked: $1"
    exit $refused
}

case $bridge in
    http://* | https://*) ;;
    *) not_asked 'BRIDGE_URL must begin with http:// or https://, as in http://127.0.0.1:7117' ;;
esac
[ -z "$authority" ] || [ -r "$authority" ] || not_asked "TILL_CA: the authority $authority cannot be read"

# One call; its reply is left in $reply. --tries=1: what is asked again, and how, is decided below and not by wget.
# --content-on-error: a refusal has something to say too.
call() { # METHOD PATH [FORM]
    set -- "$1" "$2" "${3-}" --no-verbose --tries=1 --timeout=$((wait + 10)) --content-on-error --output-document=- \
        --header="Authorization: Bearer $key" --header='Accept: text/plain'
    [ "$1" = GET ] || set -- "$@" --post-data="$3"  # wget names the body a form by itself
    [ -z "$authority" ] || set -- "$@" --ca-certificate="$authority"
    path=$2
    shift 3
    never=  # why nothing can have been sent, where that is proven
    reply=$(LC_ALL=C wget "$@" "$bridge$path" 2>&1)  # what wget says of itself is no line of key=value
    case "$? $reply" in
        '4 '*'unable to resolve host'*) never="BRIDGE_URL: the name in $bridge is not known here" ;;
        '5 '*) never="its certificate is not trusted; set TILL_CA to the store's authority.pem" ;;
        # Of a refused key wget keeps the words to itself.
        '6 '*) reply='code=unauthorized
retry=never
detail=the bridge does not know the key in TILL_KEY' ;;
    esac
    [ -n "$(of retry)" ]
}

# The value of a key of the reply: \n is a line end in it and \\ a backslash, which is just what printf %b reads.
of() {
    value=$(printf '%s\n' "$reply" | tr -d '\r' | sed -n "s/^$1=//p" | head -n 1)
    printf '%b' "$value"
}

told() { [ -n "$(of message)" ] && of message || of detail; echo; }

refused() { echo "Refused: $(of code): $(of detail)"; }

encoded() { # percent-encodes, byte by byte
    printf '%s' "$1" | od -An -v -tx1 | tr ' ' '\n' | while read -r byte; do
        case $byte in
            '') ;;
            2d | 2e | 5f | 7e | 3[0-9] | 4[1-9a-f] | 5[0-9a] | 6[1-9a-f] | 7[0-9a]) printf '%b' "\\0$(printf '%o' "0x$byte")" ;;
            *) printf '%%%s' "$byte" ;;
        esac
    done
}

# Asks with the same reference until the outcome is proven. That is safe: it never charges twice.
ask_until_final() { # METHOD PATH [FORM]; with began=yes an earlier process asked already
    deadline=$(($(date +%s) + patience))
    asked=no shown=
    while [ "$(date +%s)" -lt "$deadline" ]; do
        if ! call "$@"; then
            [ -z "$never" ] || [ $asked = yes ] || not_asked "$never"
            words='No answer; asking again with the same reference ...'
        elif [ "$(of retry)" != same_reference ]; then
            [ $began = yes ] && [ -n "$(of code)" ] || return
            # It proves nothing about what an earlier try may have begun.
            refused
            break
        else
            words=$(told)
        fi
        [ "$words" = "$shown" ] || echo "$words"
        shown=$words asked=yes
        [ "$1" = GET ] || began=yes
        sleep 1
    done
    reply=
}

# Shows the outcome, prints the receipt, books it, and forgets the note.
settle() { # ADDRESS
    if [ "$(of final)" != true ]; then
        echo "NOT KNOWN: do not hand out the goods, do not sell again; look at the terminal's receipt, then recover."
        return $open
    fi
    [ "$(of late)" != true ] ||
        echo '!!! LATE: it was PAID after all. Give the goods, or refund it. !!!'
    told
    status=$(of status)
    if [ "$status" = approved ]; then
        amount=$(of amount_approved)
        printf '%s %s %d.%02d %s\n' "$(of kind)" "$(of reference)" $((amount / 100)) $((amount % 100)) "$(of currency)"
        of receipt.customer
        echo
    fi
    # Here a real till writes the result into its books, before the note goes.
    call POST "$1/ack"
    rm -f "$note"
    [ "$status" = approved ] && return $done
    return $not_done
}

start() { # PATH REFERENCE FORM
    address=$1/$(encoded "$2") began=no
    lines=$(printf '%s\n' "$address" "$command" "$bridge" "$hash")
    # An empty note: the power went while it was written, which is before anything is asked.
    if [ ! -s "$note" ]; then
        # What is about to be asked is on disk before it is: a till that dies knows what to ask about, and whom.
        forgets=yes
        { printf '%s\n' "$lines" > "$note"; } 2> /dev/null && sync "$note" ||
            not_asked "TILL_NOTE: $note cannot be written"
    elif [ "$(cat "$note")" = "$lines" ]; then
        began=yes
    else
        echo 'Something is open still: run recover first.'
        return $open
    fi
    ask_until_final POST "$1" "reference=$(encoded "$2")&$3${terminal:+&terminal=$(encoded "$terminal")}&wait=$wait"
    if [ -n "$(of code)" ]; then
        refused
        rm -f "$note"
        return $refused
    fi
    settle "$address"
}

# Asks to stop; the reply tells what really happened, and an approval wins.
cancel() { # REFERENCE
    call POST "/pay/$(encoded "$1")/cancel" "wait=$wait" || no_answer || return
    told
    [ -n "$(of code)" ] && return $refused
    [ "$(of final)" = true ] || return $open
    [ "$(of status)" = cancelled ] && return $done
    return $not_done
}

# The cashier's answer; the process that waits for the sale tells how that ends.
sign() { # REFERENCE true|false
    call POST "/pay/$(encoded "$1")/signature" "accepted=$2" || no_answer || return
    told
    [ -z "$(of code)" ] || return $refused
}

no_answer() {
    [ -z "$never" ] || not_asked "$never"
    echo "The bridge at $bridge does not answer."
    return $open
}

# Only asks how what was open stands. It sends no sale: the customer may be gone.
recover() {
    if [ ! -s "$note" ]; then
        echo 'Nothing is open.'
        return $done
    fi
    { read -r address; read -r first; read -r asked; read -r key_then; } < "$note"
    if [ "$asked $key_then" != "$bridge $hash" ]; then
        other="BRIDGE_URL=$asked"
        [ "$asked" != "$bridge" ] || other='another TILL_KEY'
        echo "$address stays open: it was begun with $other, so recover with that."
        return $refused
    fi
    began=no
    ask_until_final GET "$address?wait=$wait"
    if [ "$(of code)" = not_found ]; then
        # No proof that nothing was taken: what this till sent before it died may still be on its way.
        echo "The bridge does not know $address (yet). It stays open. Safe is only the same number:"
        echo "    till.sh $first"
        echo 'It charges once, however often it is sent. If the customer is gone, cancel it meanwhile.'
        return $open
    fi
    [ -z "$(of code)" ] || refused
    settle "$address"
}

usage() {
    echo 'usage: sale REFERENCE AMOUNT | refund REFERENCE ORIGINAL [AMOUNT] | cancel REFERENCE'\
        '| signature REFERENCE yes|no | recover'
    exit $refused
}

case "${1-} $#" in
    'sale 3') start /pay "$2" "amount=$(encoded "$3")" ;;
    'refund 3') start /refund "$2" "original_reference=$(encoded "$3")" ;;
    'refund 4') start /refund "$2" "original_reference=$(encoded "$3")&amount=$(encoded "$4")" ;;
    'cancel 2') cancel "$2" ;;
    'signature 3')
        case $3 in
            yes) sign "$2" true ;;
            no) sign "$2" false ;;
            *) usage ;;
        esac
        ;;
    'recover 1') recover ;;
    *) usage ;;
esac
