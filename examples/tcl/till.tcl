#!/usr/bin/env tclsh
# A small, complete till with Tcl's own http package: a form goes out, lines of key=value come back.
#
#   till.tcl sale REFERENCE AMOUNT               399.00 is 39900
#   till.tcl refund REFERENCE ORIGINAL ?AMOUNT?  all that is left, when no amount is given
#   till.tcl cancel REFERENCE                    stop a sale that another till process waits for
#   till.tcl recover                             after a crash or a power cut: how did it end? It begins nothing
#
# BRIDGE_URL, TILL_KEY and TILL_NOTE (the file that remembers what is open) configure it; for https, which needs the
# package tls, POS_BRIDGE_CA is the file with the authority to trust.
# Exit codes: 0 done, 1 not done and nothing was taken, 2 refused, 3 not known yet: run recover.
package require http

proc setting {name usual} { expr {[info exists ::env($name)] && $::env($name) ne "" ? $::env($name) : $usual} }
set bridge [setting BRIDGE_URL http://127.0.0.1:7117]
set key [setting TILL_KEY demo-key]
set note [setting TILL_NOTE till-open.txt]
set authority [setting POS_BRIDGE_CA ""]
set wait 30 ;# seconds that the bridge may hold a call; the socket below waits longer
set patience 180 ;# seconds until the cashier is told that the outcome is open
set done 0; set not_done 1; set refused 2; set open 3
fconfigure stdout -buffering line

if {[string match https:* $bridge]} {
    if {[catch {package require tls}]} { puts "For https Tcl needs the package tls (Debian: tcl-tls)."; exit $refused }
    if {$authority eq ""} { puts "For https set POS_BRIDGE_CA: Tcl trusts nobody by itself."; exit $refused }
    # Which names the bridge has, tls does not compare. So trust the store's own authority, which vouches for no others.
    http::register https 443 [list ::tls::socket -autoservername true -require true -cafile $authority]
}

# One call and its reply as a dictionary; an error when there was no answer.
proc call {method path {form ""}} {
    set options [list -timeout [expr {($::wait + 10) * 1000}] -keepalive 0 -method $method \
        -headers [list Authorization "Bearer $::key" Accept text/plain]]
    if {$method eq "POST"} { lappend options -type "application/x-www-form-urlencoded; charset=utf-8" -query $form }
    set token [http::geturl $::bridge$path {*}$options]
    set state [http::status $token]
    set text [http::data $token]
    http::cleanup $token
    if {$state ne "ok"} { error "no answer: $state" }
    # Lines of key=value; in a value \n is a line end and \\ a backslash.
    set reply {}
    foreach line [split [string map {\r\n \n} $text] \n] {
        if {[regexp {^([^=]+)=(.*)$} $line -> name value]} {
            dict set reply $name [string map [list {\\} "\\" {\n} "\n" {\r} "\r"] $value]
        }
    }
    if {$reply eq {}} { error "no reply of the bridge" }
    return $reply
}

proc of {reply name {usual ""}} { expr {[dict exists $reply $name] ? [dict get $reply $name] : $usual} }
proc told {reply} { of $reply message [of $reply detail] }
proc refused {reply} { puts "Refused: [of $reply code]: [of $reply detail]" }
proc encoded {text} { string map {+ %20} [http::quoteString $text] }

# Asks with the same reference until the outcome is proven. That is safe: it never charges twice.
proc ask_until_final {method path {form ""}} {
    set deadline [expr {[clock seconds] + $::patience}]
    set began 0
    while {[clock seconds] < $deadline} {
        if {[catch {call $method $path $form} reply]} {
            puts "No answer ($reply); asking again with the same reference ..."
        } elseif {[of $reply retry] ne "same_reference"} {
            # A refusal has a code. It proves nothing about what an earlier try may have begun.
            return [expr {$began && [dict exists $reply code] ? {} : $reply}]
        } else {
            puts [told $reply]
        }
        set began [expr {$method eq "POST"}]
        after 1000
    }
    return {}
}

# Writes down what is about to be asked, before it is: a till that dies knows what to ask about.
proc remember {address} {
    set file [open $::note w]
    puts $file $address
    close $file
    catch {exec sync $::note} ;# Tcl has no fsync of its own
}

# Shows the outcome, prints the receipt, books it, and forgets the note.
proc settle {address reply} {
    if {[of $reply final] ne "true"} {
        puts "NOT KNOWN: do not hand out the goods, do not sell again; look at the terminal's receipt, then recover."
        return $::open
    }
    puts [of $reply message]
    set approved [expr {[of $reply status] eq "approved"}]
    if {$approved} {
        set amount [of $reply amount_approved]
        set decimal [format %d.%02d [expr {$amount / 100}] [expr {$amount % 100}]]
        puts "[of $reply kind] [of $reply reference] $decimal [of $reply currency]"
        puts [of $reply receipt.customer]
    }
    # Here a real till writes the result into its books, before the note goes.
    call POST $address/ack
    file delete $::note
    return [expr {$approved ? $::done : $::not_done}]
}

proc start {path args} {
    if {[file exists $::note]} { puts "Something is open still: run recover first."; return $::open }
    set address $path/[encoded [dict get $args reference]]
    remember $address
    set reply [ask_until_final POST $path [http::formatQuery {*}$args wait $::wait]]
    if {[dict exists $reply code]} {
        refused $reply
        file delete $::note
        return $::refused
    }
    settle $address $reply
}

# Asks to stop; the reply tells what really happened, and an approval wins.
proc cancel {reference} {
    set reply [call POST /pay/[encoded $reference]/cancel wait=$::wait]
    puts [told $reply]
    if {[dict exists $reply code]} { return $::refused }
    if {[of $reply final] ne "true"} { return $::open }
    return [expr {[of $reply status] eq "cancelled" ? $::done : $::not_done}]
}

# Only asks how what was open stands. It sends no sale: the customer may be gone.
proc recover {} {
    if {![file exists $::note]} { puts "Nothing is open."; return $::done }
    set file [open $::note]
    gets $file address
    close $file
    set reply [ask_until_final GET $address?wait=$::wait]
    if {[of $reply code] eq "not_found"} {
        puts "$address was never sent: nothing was taken. It may be rung up anew."
        file delete $::note
        return $::not_done
    }
    if {[dict exists $reply code]} { refused $reply }
    settle $address $reply
}

proc main {command args} {
    lassign $args first second third
    switch -- "$command [llength $args]" {
        "sale 2" { start /pay reference $first amount $second }
        "refund 2" { start /refund reference $first original_reference $second }
        "refund 3" { start /refund reference $first original_reference $second amount $third }
        "cancel 1" { cancel $first }
        "recover 0" { recover }
        default {
            puts "usage: sale REFERENCE AMOUNT | refund REFERENCE ORIGINAL ?AMOUNT? | cancel REFERENCE | recover"
            return $::refused
        }
    }
}

if {$argc == 0} { set argv help }
if {[catch {main {*}$argv} code]} {
    puts "The bridge at $bridge does not answer: $code"
    set code $open
}
exit $code
