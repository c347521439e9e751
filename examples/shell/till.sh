#!/bin/sh
# A small, complete till with wget and a POSIX shell: a form goes out, lines of key=value come back.
#
#   till.sh sale REFERENCE AMOUNT               399.00 is 39900
#   till.sh refund REFERENCE ORIGINAL [AMOUNT]  all that is left, when no amount is given
#   till.sh cancel REFERENCE                    stop a sale that another till process waits for
#   till.sh recover                             after a crash or a power cut: how did it end? It begins nothing
#
# BRIDGE_URL, TILL_KEY and TILL_NOTE (the file that remembers what is open) configure it; for https, POS_BRIDGE_CA is the
# file with the authority to trust.
# Exit codes: 0 done, 1 not done and nothing was taken, 2 refused, 3 not known yet: run recover.
set -u
bridge=${BRIDGE_URL:-http://127.0.0.1:7117}
key=${TILL_KEY:-demo-key}
note=${TILL_NOTE:-till-open.txt}
authority=${POS_BRIDGE_CA:-}  # the machine's own list, when it is not set
wait=30       # seconds that the bridge may hold a call; wget below waits longer
patience=180  # seconds until the cashier is told that the outcome is open
done=0 not_done=1 refused=2 open=3

# One call; its reply is left in $reply. --tries=1: what is asked again, and how, is decided below and not by wget.
# --content-on-error: a refusal has something to say too.
call() { # METHOD PATH [FORM]
    set -- "$1" "$2" "${3-}" --quiet --tries=1 --timeout=$((wait + 10)) --content-on-error --output-document=- \
        --header="Authorization: Bearer $key" --header='Accept: text/plain'
    [ "$1" = GET ] || set -- "$@" --post-data="$3"  # wget names the body a form by itself
    [ -z "$authority" ] || set -- "$@" --ca-certificate="$authority"
    path=$2
    shift 3
    reply=$(wget "$@" "$bridge$path")
    # Of a refused key wget keeps the words to itself.
    [ $? != 6 ] || reply='code=unauthorized
retry=never
detail=the bridge does not know the key in TILL_KEY'
    [ -n "$reply" ]
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
ask_until_final() { # METHOD PATH [FORM]
    deadline=$(($(date +%s) + patience))
    began=no
    while [ "$(date +%s)" -lt "$deadline" ]; do
        if ! call "$@"; then
            echo 'No answer; asking again with the same reference ...'
        elif [ "$(of retry)" != same_reference ]; then
            # A refusal has a code. It proves nothing about what an earlier try may have begun.
            [ $began = yes ] && [ -n "$(of code)" ] && reply=
            return
        else
            told
        fi
        [ "$1" = POST ] && began=yes
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
    if [ -e "$note" ]; then
        echo 'Something is open still: run recover first.'
        return $open
    fi
    address=$1/$(encoded "$2")
    # What is about to be asked is on disk before it is: a till that dies knows what to ask about.
    printf '%s\n' "$address" > "$note" && sync "$note"
    ask_until_final POST "$1" "reference=$(encoded "$2")&$3&wait=$wait"
    if [ -n "$(of code)" ]; then
        refused
        rm -f "$note"
        return $refused
    fi
    settle "$address"
}

# Asks to stop; the reply tells what really happened, and an approval wins.
cancel() { # REFERENCE
    call POST "/pay/$(encoded "$1")/cancel" "wait=$wait" || return $open
    told
    [ -n "$(of code)" ] && return $refused
    [ "$(of final)" = true ] || return $open
    [ "$(of status)" = cancelled ] && return $done
    return $not_done
}

# Only asks how what was open stands. It sends no sale: the customer may be gone.
recover() {
    if [ ! -e "$note" ]; then
        echo 'Nothing is open.'
        return $done
    fi
    read -r address < "$note"
    ask_until_final GET "$address?wait=$wait"
    if [ "$(of code)" = not_found ]; then
        echo "$address was never sent: nothing was taken. It may be rung up anew."
        rm -f "$note"
        return $not_done
    fi
    [ -z "$(of code)" ] || refused
    settle "$address"
}

case "${1-} $#" in
    'sale 3') start /pay "$2" "amount=$(encoded "$3")" ;;
    'refund 3') start /refund "$2" "original_reference=$(encoded "$3")" ;;
    'refund 4') start /refund "$2" "original_reference=$(encoded "$3")&amount=$(encoded "$4")" ;;
    'cancel 2') cancel "$2" ;;
    'recover 1') recover ;;
    *)
        echo 'usage: sale REFERENCE AMOUNT | refund REFERENCE ORIGINAL [AMOUNT] | cancel REFERENCE | recover'
        exit $refused
        ;;
esac
