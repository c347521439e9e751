#!/usr/bin/env tclsh
# A small, complete till with Tcl's own http package: a form goes out, lines of key=value come back.
#
#   till.tcl sale REFERENCE AMOUNT               399.00 is 39900
#   till.tcl refund REFERENCE ORIGINAL ?AMOUNT?  all that is left, when no amount is given
#   till.tcl cancel REFERENCE                    stop a sale that another till process waits for
#   till.tcl signature REFERENCE yes|no          is the customer's signature on a sale the card's?
#   till.tcl recover                             after a crash or a power cut: how did it end? It begins nothing
#
# BRIDGE_URL, TILL_KEY and TILL_NOTE (the file that remembers what is open) configure it; TILL_TERMINAL names another
# terminal than the till's own; for https, which needs the package tls, TILL_CA is the file with the authority to trust.
# Exit codes: 0 done, 1 not done and nothing was taken, 2 refused, 3 not known yet: run recover.
package require http

proc setting {name usual} { expr {[info exists ::env($name)] && $::env($name) ne "" ? $::env($name) : $usual} }
set bridge [setting BRIDGE_URL http://127.0.0.1:7117]
set key [setting TILL_KEY demo-key]
set note [setting TILL_NOTE till-open.txt]
set terminal [setting TILL_TERMINAL ""]
set authority [setting TILL_CA ""]
set wait 30 ;# seconds that the bridge may hold a call; the socket below waits longer
set patience 180 ;# seconds until the cashier is told that the outcome is open
set done 0; set not_done 1; set refused 2; set open 3
fconfigure stdout -buffering line

if {![regexp {^https?://} $bridge]} {
    puts "BRIDGE_URL must begin with http:// or https://, as in http://127.0.0.1:7117"
    exit $refused
}
# Whom the note is about. A file is no place for the key itself, and a checksum tells keys apart: Tcl has no SHA-256.
set whose [list $bridge [format %08x [zlib crc32 [encoding convertto utf-8 $key]]]]

if {[string match https:* $bridge]} {
    if {[catch {package require tls}]} { puts "For https Tcl needs the package tls (Debian: tcl-tls)."; exit $refused }
    if {$authority eq ""} { puts "For https set TILL_CA: Tcl trusts nobody by itself."; exit $refused }
    if {![file readable $authority]} { puts "TILL_CA: the authority $authority cannot be read."; exit $refused }
    # Which names the bridge has, tls does not compare. So trust the store's own authority, which vouches for no others.
    http::register https 443 [list ::tls::socket -autoservername true -require true -cafile $authority]
}

# Proven: nothing left this machine, and asking again would change nothing. All else is an error like any other.
proc not_asked {why} { return -code error -errorcode NOT_ASKED "not asked: $why" }
proc not_asked_if_proven {why} {
    if {[regexp -nocase {name or service not known|name resolution|no address associated|nodename nor servname} $why]} {
        not_asked "BRIDGE_URL: the name in $::bridge is not known here ($why)"
    }
    if {[regexp -nocase {certificate verify failed} $why]} {
        not_asked "its certificate is not trusted ($why); set TILL_CA to the store's authority.pem"
    }
    error $why
}

# One call and its reply as a dictionary; an error when there was no answer.
proc call {method path {form ""}} {
    set options [list -timeout [expr {($::wait + 10) * 1000}] -keepalive 0 -method $method \
        -headers [list Authorization "Bearer $::key" Accept text/plain]]
    if {$method eq "POST"} { lappend options -type "application/x-www-form-urlencoded; charset=utf-8" -query $form }
    if {[catch {http::geturl $::bridge$path {*}$options} token]} { not_asked_if_proven $token }
    set state [http::status $token]
    set text [http::data $token]
    set why [http::error $token]
    http::cleanup $token
    if {$state ne "ok"} { not_asked_if_proven "$state $why" }
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
proc ask_until_final {method path {form ""} {began 0}} {
    set deadline [expr {[clock seconds] + $::patience}]
    set asked 0
    set shown ""
    while {[clock seconds] < $deadline} {
        if {[catch {call $method $path $form} reply]} {
            if {$::errorCode eq "NOT_ASKED" && !$asked} { return -code error -errorcode NOT_ASKED $reply }
            set words "No answer ($reply); asking again with the same reference ..."
        } elseif {[of $reply retry] ne "same_reference"} {
            if {!$began || ![dict exists $reply code]} { return $reply }
            # It proves nothing about what an earlier try may have begun.
            refused $reply
            return {}
        } else {
            set words [told $reply]
        }
        if {$words ne $shown} { puts $words }
        set asked 1
        set shown $words
        if {$method eq "POST"} { set began 1 }
        after 1000
    }
    return {}
}

# Writes down what is about to be asked, before it is: a till that dies knows what to ask about, and whom.
proc remember {lines} {
    if {[catch {
        set file [open $::note w]
        puts $file [join $lines \n]
        close $file
    } why]} {
        catch {file delete $::note}
        not_asked "TILL_NOTE: the note cannot be written: $why"
    }
    catch {exec sync $::note} ;# Tcl has no fsync of its own
}

# What was asked, the command that asked it, and whom it asked; nothing when nothing is open. In an empty note nothing is: the
# power went while it was written, which is before anything is asked.
proc remembered {} {
    if {![file exists $::note]} { return {} }
    set file [open $::note]
    set lines [split [string trimright [read $file]] \n]
    close $file
    return $lines
}

# Shows the outcome, prints the receipt, books it, and forgets the note.
proc settle {address reply} {
    if {[of $reply final] ne "true"} {
        puts "NOT KNOWN: do not hand out the goods, do not sell again; look at the terminal's receipt, then recover."
        return $::open
    }
    if {[of $reply late] eq "true"} {
        puts "!!! LATE: it was PAID after all. Give the goods, or refund it. !!!"
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
    set address $path/[encoded [dict get $args reference]]
    set lines [list $address [join $::argv] {*}$::whose]
    set before [remembered]
    if {$before ni [list {} $lines]} { puts "Something is open still: run recover first."; return $::open }
    if {$before eq {}} { remember $lines }
    if {$::terminal ne ""} { lappend args terminal $::terminal }
    set form [http::formatQuery {*}$args wait $::wait]
    if {[catch {ask_until_final POST $path $form [expr {$before ne {}}]} reply]} {
        if {$::errorCode eq "NOT_ASKED" && $before eq {}} { file delete $::note }
        return -code error -errorcode $::errorCode $reply
    }
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

# The cashier's answer; the process that waits for the sale tells how that ends.
proc sign {reference answer} {
    set reply [call POST /pay/[encoded $reference]/signature accepted=[expr {$answer eq "yes" ? "true" : "false"}]]
    puts [told $reply]
    return [expr {[dict exists $reply code] ? $::refused : $::done}]
}

# Only asks how what was open stands. It sends no sale: the customer may be gone.
proc recover {} {
    set before [remembered]
    if {$before eq {}} { puts "Nothing is open."; return $::done }
    set asked [lassign $before address command]
    if {$asked ne $::whose} {
        set bridge [lindex $asked 0]
        set other [expr {$bridge eq $::bridge ? "another TILL_KEY" : "BRIDGE_URL=$bridge"}]
        puts "$address stays open: it was begun with $other, so recover with that."
        return $::refused
    }
    set reply [ask_until_final GET $address?wait=$::wait]
    if {[of $reply code] eq "not_found"} {
        # No proof that nothing was taken: what this till sent before it died may still be on its way.
        puts "The bridge does not know $address (yet). It stays open. Safe is only the same number:"
        puts "    till.tcl $command"
        puts "It charges once, however often it is sent. If the customer is gone, cancel it meanwhile."
        return $::open
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
        "signature 2" {
            if {$second in {yes no}} { return [sign $first $second] }
            usage
        }
        "recover 0" { recover }
        default { usage }
    }
}

proc usage {} {
    puts -nonewline "usage: sale REFERENCE AMOUNT | refund REFERENCE ORIGINAL ?AMOUNT? | cancel REFERENCE"
    puts " | signature REFERENCE yes|no | recover"
    return $::refused
}

if {$argc == 0} { set argv help }
if {[catch {main {*}$argv} code]} {
    set never [expr {$errorCode eq "NOT_ASKED"}]
    puts [expr {$never ? "The bridge was $code" : "The bridge at $bridge does not answer: $code"}]
    set code [expr {$never ? $refused : $open}]
}
exit $code
