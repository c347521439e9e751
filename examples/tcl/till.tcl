#!/usr/bin/env tclsh
# A small, complete till with Tcl's own http package: a form goes out, lines of key=value come back.
#
#   till.tcl sale REFERENCE AMOUNT               399.00 is 39900
#   till.tcl refund REFERENCE ORIGINAL ?AMOUNT?  all that is left, when no amount is given
#   till.tcl cancel REFERENCE                    stop a sale that another till process waits for
#   till.tcl recover                             after a crash or a power cut: finish what was open
#
# BRIDGE_URL, TILL_KEY and TILL_NOTE (the file that remembers what is open) configure it.
# Exit codes: 0 done, 1 not done and nothing was taken, 2 refused, 3 not known yet: run recover.
package require http

proc setting {name usual} { expr {[info exists ::env($name)] && $::env($name) ne "" ? $::env($name) : $usual} }
set bridge [setting BRIDGE_URL http://127.0.0.1:7117]
set key [setting TILL_KEY demo-key]
set note [setting TILL_NOTE till-open.txt]
set wait 30 ;# seconds that the bridge may hold a call; the socket below waits longer
set patience 180 ;# seconds until the cashier is told that the outcome is open
set done 0; set not_done 1; set refused 2; set open 3
fconfigure stdout -buffering line

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
proc encoded {text} { string map {+ %20} [http::quoteString $text] }

# Asks with the same reference until the outcome is proven. That is safe: it never charges twice.
proc ask_until_final {path form} {
    set deadline [expr {[clock seconds] + $::patience}]
    while {[clock seconds] < $deadline} {
        if {[catch {call POST $path "$form&wait=$::wait"} reply]} {
            puts "No answer ($reply); asking again with the same reference ..."
        } else {
            # A problem has a code; an operation has not.
            set retry [of $reply retry]
            if {[of $reply final] eq "true" || $retry eq "operator"} { return $reply }
            if {[dict exists $reply code] && $retry ne "same_reference"} { return $reply }
            puts [told $reply]
        }
        after 1000
    }
    return {}
}

# Writes down what is about to be asked, before it is: a till that dies asks for the same again.
proc remember {path form} {
    set file [open $::note w]
    puts $file "$path\n$form"
    close $file
    catch {exec sync $::note} ;# Tcl has no fsync of its own
}

# Shows the outcome, prints the receipt, books it, and forgets the note.
proc settle {path reply} {
    if {[dict exists $reply code]} {
        puts "Refused: [of $reply code]: [of $reply detail]"
        file delete $::note
        return $::refused
    }
    if {[of $reply final] ne "true"} {
        puts "NOT KNOWN: do not hand out the goods, do not sell again; look at the terminal's receipt, then recover."
        return $::open
    }
    puts [of $reply message]
    set approved [expr {[of $reply status] eq "approved"}]
    if {$approved} {
        puts "[of $reply kind] [of $reply reference] [of $reply amount_approved] [of $reply currency]"
        puts [of $reply receipt.customer]
    }
    # Here a real till writes the result into its books, before the note goes.
    call POST $path/[encoded [of $reply reference]]/ack
    file delete $::note
    return [expr {$approved ? $::done : $::not_done}]
}

proc start {path form} {
    if {[file exists $::note]} { puts "Something is open still: run recover first."; return $::open }
    remember $path $form
    settle $path [ask_until_final $path $form]
}

# Asks to stop; the reply tells what really happened, and an approval wins.
proc cancel {reference} {
    set reply [call POST /pay/[encoded $reference]/cancel wait=$::wait]
    puts [told $reply]
    if {[dict exists $reply code]} { return $::refused }
    if {[of $reply final] ne "true"} { return $::open }
    return [expr {[of $reply status] eq "cancelled" ? $::done : $::not_done}]
}

proc recover {} {
    set last [call GET /last]
    if {![file exists $::note]} {
        puts "Nothing is open. The last was: [of $last reference none] [of $last status]"
        return $::done
    }
    set file [open $::note]
    gets $file path
    gets $file form
    close $file
    set kind [expr {$path eq "/pay" ? "sale" : "refund"}]
    set named "[http::formatQuery reference [of $last reference]]&"
    if {[of $last kind] eq $kind && [string first $named $form] == 0 && [of $last final] eq "true"} {
        return [settle $path $last]
    }
    # Under way, or it never arrived: the same reference again joins it, or starts it.
    settle $path [ask_until_final $path $form]
}

proc main {command args} {
    lassign $args first second third
    switch -- "$command [llength $args]" {
        "sale 2" { start /pay [http::formatQuery reference $first amount $second] }
        "refund 2" { start /refund [http::formatQuery reference $first original_reference $second] }
        "refund 3" { start /refund [http::formatQuery reference $first original_reference $second amount $third] }
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
