#!/bin/sh
# A small, complete till with wget and a POSIX shell: a form goes out, lines of key=value come back.
#
#   till.sh sale REFERENCE AMOUNT               399.00 is 39900
#   till.sh refund REFERENCE ORIGINAL [AMOUNT]  all that is left, when no amount is given
#   till.sh cancel REFERENCE                    stop a sale that another till process waits for
#   till.sh recover                             after a crash or a power cut: finish what was open
#
# BRIDGE_URL, TILL_KEY and TILL_NOTE (the file that remembers what is open) configure it.
# Exit codes: 0 done, 1 not done and nothing was taken, 2 refused, 3 not known yet: run recover.
set -u
bridge=${BRIDGE_URL:-http://127.0.0.1:7117}
key=${TILL_KEY:-demo-key}
note=${TILL_NOTE:-till-open.txt}
wait=30       # seconds that the bridge may hold a call; wget below waits longer
patience=180  # seconds until the cashier is told that the outcome is open
done=0 not_done=1 refused=2 open=3

# One call; its reply is left in $reply. --tries=1: what is asked again, and how, is decided below and not by wget.
# --content-on-error: a refusal has something to say too.
call() { # METHOD PATH [FORM]
    set -- "$1" "$2" "${3-}" --quiet --tries=1 --timeout=$((wait + 10)) --content-on-error --output-document=- \
        --header="Authorization: Bearer $key" --header='Accept: text/plain'
    [ "$1" = GET ] || set -- "$@" --post-data="$3"  # wget names the body a form by itself
    path=$2
    shift 3
    reply=$(wget "$@" "$bridge$path")
    [ -n "$reply" ]
}

# The value of a key of the reply: \n is a line end in it and \\ a backslash, which is just what printf %b reads.
of() {
    value=$(printf '%s\n' "$reply" | tr -d '\r' | sed -n "s/^$1=//p" | head -n 1)
    printf '%b' "$value"
}

told() { [ -n "$(of message)" ] && of message || of detail; echo; }

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
ask_until_final() { # PATH FORM
    deadline=$(($(date +%s) + patience))
    while [ "$(date +%s)" -lt "$deadline" ]; do
        if call POST "$1" "$2&wait=$wait"; then
            retry=$(of retry)
            # A problem has a code; an operation has not.
            [ "$(of final)" = true ] && return
            [ "$retry" = operator ] && return
            [ -n "$(of code)" ] && [ "$retry" != same_reference ] && return
            told
        else
            echo 'No answer; asking again with the same reference ...'
        fi
        sleep 1
    done
    reply=
}

# Shows the outcome, prints the receipt, books it, and forgets the note.
settle() { # PATH
    if [ -n "$(of code)" ]; then
        echo "Refused: $(of code): $(of detail)"
        rm -f "$note"
        return $refused
    fi
    if [ "$(of final)" != true ]; then
        echo "NOT KNOWN: do not hand out the goods, do not sell again; look at the terminal's receipt, then recover."
        return $open
    fi
    told
    status=$(of status)
    if [ "$status" = approved ]; then
        echo "$(of kind) $(of reference) $(of amount_approved) $(of currency)"
        of receipt.customer
        echo
    fi
    # Here a real till writes the result into its books, before the note goes.
    call POST "$1/$(encoded "$(of reference)")/ack"
    rm -f "$note"
    [ "$status" = approved ] && return $done
    return $not_done
}

start() { # PATH FORM
    if [ -e "$note" ]; then
        echo 'Something is open still: run recover first.'
        return $open
    fi
    # What is about to be asked is on disk before it is: a till that dies asks for the same again.
    printf '%s\n%s\n' "$1" "$2" > "$note" && sync "$note"
    ask_until_final "$1" "$2"
    settle "$1"
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

recover() {
    call GET /last || { echo "The bridge at $bridge does not answer."; return $open; }
    if [ ! -e "$note" ]; then
        echo "Nothing is open. The last was: $(of reference) $(of status)"
        return $done
    fi
    { read -r path; read -r form; } < "$note"
    kind=refund
    [ "$path" = /pay ] && kind=sale
    case "$(of kind) $(of final) $form" in
        "$kind true reference=$(encoded "$(of reference)")&"*) ;;
        # Under way, or it never arrived: the same reference again joins it, or starts it.
        *) ask_until_final "$path" "$form" ;;
    esac
    settle "$path"
}

case "${1-} $#" in
    'sale 3') start /pay "reference=$(encoded "$2")&amount=$(encoded "$3")" ;;
    'refund 3') start /refund "reference=$(encoded "$2")&original_reference=$(encoded "$3")" ;;
    'refund 4') start /refund "reference=$(encoded "$2")&original_reference=$(encoded "$3")&amount=$(encoded "$4")" ;;
    'cancel 2') cancel "$2" ;;
    'recover 1') recover ;;
    *)
        echo 'usage: sale REFERENCE AMOUNT | refund REFERENCE ORIGINAL [AMOUNT] | cancel REFERENCE | recover'
        exit $refused
        ;;
esac
