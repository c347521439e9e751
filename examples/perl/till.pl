#!/usr/bin/env perl
# A small, complete till with LWP, or HTTP::Tiny where there is no LWP: a form goes out, lines of key=value come back.
#
#   till.pl sale REFERENCE AMOUNT               399.00 is 39900
#   till.pl refund REFERENCE ORIGINAL [AMOUNT]  all that is left, when no amount is given
#   till.pl cancel REFERENCE                    stop a sale that another till process waits for
#   till.pl signature REFERENCE yes|no          is the customer's signature on a sale the card's?
#   till.pl recover                             after a crash or a power cut: how did it end? It begins nothing
#
# BRIDGE_URL, TILL_KEY and TILL_NOTE (the file that remembers what is open) configure it; TILL_TERMINAL names another
# terminal than the till's own; for https, which needs IO::Socket::SSL (and LWP::Protocol::https, where there is LWP),
# TILL_CA is the file with the authority to trust.
# Exit codes: 0 done, 1 not done and nothing was taken, 2 refused, 3 not known yet: run recover.
use strict;
use warnings;
use Digest::SHA 'sha256_hex';
use IO::Handle;
use Socket 'getaddrinfo';

my $bridge = $ENV{BRIDGE_URL} || 'http://127.0.0.1:7117';
my $key = $ENV{TILL_KEY} || 'demo-key';
my $note = $ENV{TILL_NOTE} || 'till-open.txt';
my $terminal = $ENV{TILL_TERMINAL};    # the till's own, when it is not set
my $authority = $ENV{TILL_CA};    # the machine's own list, when it is not set
my $wait = 30;         # seconds that the bridge may hold a call; the socket below waits longer
my $patience = 180;    # seconds until the cashier is told that the outcome is open
my ($done, $not_done, $refused, $open) = (0, 1, 2, 3);
STDOUT->autoflush(1);

my $has_lwp = eval { require LWP::UserAgent; 1 };
require HTTP::Tiny unless $has_lwp;
if ($bridge =~ /^https:/) {
    for my $module ('IO::Socket::SSL', $has_lwp ? 'LWP::Protocol::https' : ()) {
        next if eval "require $module; 1";
        print "For https Perl needs $module (Debian: libio-socket-ssl-perl, liblwp-protocol-https-perl).\n";
        exit $refused;
    }
}
my @trusted = $authority ? (SSL_ca_file => $authority) : ();
my @whose = ($bridge, sha256_hex($key));    # a file is no place for the key itself

# Proven: nothing left this machine, and asking again would change nothing.
sub not_asked { my ($why) = @_; die "not asked: $why\n" }
sub was_not_asked { my ($why) = @_; return $why =~ /^not asked: / }

# One call and its reply; it dies when there was no answer.
sub call {
    my ($method, $path, $form) = @_;
    my ($host) = $bridge =~ m{^https?://(?:\[([^\]]+)\]|([^:/]+))} ? $1 // $2 : '';
    my ($unknown) = getaddrinfo($host, '');
    not_asked("BRIDGE_URL: the name $host is not known here ($unknown)") if $unknown;
    not_asked("TILL_CA: the authority cannot be read: $authority: $!") if $authority && !open my $file, '<', $authority;
    my $reply = eval { exchange($method, $path, $form) };
    return $reply if $reply;
    my $why = $@;
    die $why unless $why =~ /certificate verify failed/i;
    $why =~ s/\s+/ /g;
    not_asked("its certificate is not trusted ($why); set TILL_CA to the store's authority.pem");
}

sub exchange {
    my ($method, $path, $form) = @_;
    my %headers = (Authorization => "Bearer $key", Accept => 'text/plain');
    $headers{'Content-Type'} = 'application/x-www-form-urlencoded; charset=utf-8' if defined $form;
    my ($status, $text);
    if ($has_lwp) {
        my $agent = LWP::UserAgent->new(timeout => $wait + 10, ssl_opts => { verify_hostname => 1, @trusted });
        my $answer = $agent->request(HTTP::Request->new($method, "$bridge$path", [%headers], $form // ''));
        die $answer->status_line . "\n" if ($answer->header('Client-Warning') // '') eq 'Internal response';
        ($status, $text) = ($answer->code, $answer->content);
    } else {
        my $answer = HTTP::Tiny->new(timeout => $wait + 10, verify_SSL => 1, SSL_options => {@trusted})
            ->request($method, "$bridge$path", { headers => \%headers, defined $form ? (content => $form) : () });
        die $answer->{content} if $answer->{status} == 599;
        ($status, $text) = ($answer->{status}, $answer->{content});
    }
    # Lines of key=value; in a value \n is a line end and \\ a backslash.
    my %reply = map { /^([^=]+)=(.*)$/ ? ($1, $2) : () } split /\r\n/, $text;
    s/\\(.)/$1 eq 'n' ? "\n" : $1 eq 'r' ? "\r" : $1/ge for values %reply;
    die "no reply of the bridge, but HTTP $status\n" unless %reply;
    return \%reply;
}

sub encoded { my ($text) = @_; $text =~ s/([^A-Za-z0-9._~-])/sprintf '%%%02X', ord $1/ge; return $text }

sub form { my @pairs; while (my ($name, $value) = splice @_, 0, 2) { push @pairs, "$name=" . encoded($value) } return join '&', @pairs }

# Asks with the same reference until the outcome is proven. That is safe: it never charges twice.
sub ask_until_final {
    my ($method, $path, $form, $began) = @_;
    my $deadline = time + $patience;
    my ($asked, $shown) = (0, '');
    while (time < $deadline) {
        my $words;
        my $reply = eval { call($method, $path, $form) };
        if (!$reply) {
            die $@ if was_not_asked($@) && !$asked;
            chomp(my $why = $@);
            $words = "No answer ($why); asking again with the same reference ...";
        } elsif (($reply->{retry} // '') ne 'same_reference') {
            return $reply unless $began && $reply->{code};
            # It proves nothing about what an earlier try may have begun.
            refused($reply);
            return {};
        } else {
            $words = told($reply);
        }
        print "$words\n" if $words ne $shown;
        ($asked, $shown, $began) = (1, $words, $began || $method eq 'POST');
        sleep 1;
    }
    return {};
}

sub told { my ($reply) = @_; return $reply->{message} // $reply->{detail} }

sub refused { my ($reply) = @_; print "Refused: $reply->{code}: $reply->{detail}\n"; return $refused }

# Writes down what is about to be asked, before it is: a till that dies knows what to ask about, and whom.
sub remember {
    open my $file, '>', $note or not_asked("TILL_NOTE: the note cannot be written: $note: $!");
    return if print($file map { "$_\n" } @_) && $file->flush && $file->sync && close $file;
    my $why = $!;
    unlink $note;
    not_asked("TILL_NOTE: the note cannot be written: $note: $why");
}

# What was asked, the command that asked it, and whom it asked; nothing when nothing is open.
sub remembered {
    # An empty note: the power went while it was written, which is before anything is asked.
    return unless -s $note;
    open my $file, '<', $note or not_asked("TILL_NOTE: the note cannot be read: $note: $!");
    chomp(my @lines = <$file>);
    return @lines;
}

# Shows the outcome, prints the receipt, books it, and forgets the note.
sub settle {
    my ($address, $reply) = @_;
    if (($reply->{final} // '') ne 'true') {
        print "NOT KNOWN: do not hand out the goods, do not sell again; look at the terminal's receipt, then recover.\n";
        return $open;
    }
    print "!!! LATE: it was PAID after all. Give the goods, or refund it. !!!\n" if ($reply->{late} // '') eq 'true';
    print "$reply->{message}\n";
    if ($reply->{status} eq 'approved') {
        my $amount = $reply->{amount_approved};
        printf "%s %s %d.%02d %s\n", @$reply{qw(kind reference)}, $amount / 100, $amount % 100, $reply->{currency};
        print $reply->{'receipt.customer'} // '', "\n";
    }
    # Here a real till writes the result into its books, before the note goes.
    call('POST', "$address/ack", '');
    unlink $note;
    return $reply->{status} eq 'approved' ? $done : $not_done;
}

sub start {
    my ($path, @fields) = @_;
    my $address = "$path/" . encoded($fields[1]);
    my @lines = ($address, "@ARGV", @whose);
    my @before = remembered();
    if (@before && "@before" ne "@lines") { print "Something is open still: run recover first.\n"; return $open }
    remember(@lines) unless @before;
    push @fields, terminal => $terminal if $terminal;
    my $reply = eval { ask_until_final('POST', $path, form(@fields, wait => $wait), scalar @before) };
    if (!$reply) {
        unlink $note if was_not_asked($@) && !@before;
        die $@;
    }
    if ($reply->{code}) {
        unlink $note;
        return refused($reply);
    }
    return settle($address, $reply);
}

# Asks to stop; the reply tells what really happened, and an approval wins.
sub cancel {
    my $reply = call('POST', '/pay/' . encoded($_[0]) . '/cancel', "wait=$wait");
    print told($reply), "\n";
    return $refused if $reply->{code};
    return $open if $reply->{final} ne 'true';
    return $reply->{status} eq 'cancelled' ? $done : $not_done;
}

# The cashier's answer; the process that waits for the sale tells how that ends.
sub sign {
    my ($reference, $answer) = @_;
    my $accepted = $answer eq 'yes' ? 'true' : 'false';
    my $reply = call('POST', '/pay/' . encoded($reference) . '/signature', "accepted=$accepted");
    print told($reply), "\n";
    return $reply->{code} ? $refused : $done;
}

# Only asks how what was open stands. It sends no sale: the customer may be gone.
sub recover {
    my ($address, $command, @asked) = remembered() or do { print "Nothing is open.\n"; return $done };
    if ("@asked" ne "@whose") {
        my $other = ($asked[0] // '') eq $bridge ? 'another TILL_KEY' : 'BRIDGE_URL=' . ($asked[0] // '');
        print "$address stays open: it was begun with $other, so recover with that.\n";
        return $refused;
    }
    my $reply = ask_until_final('GET', "$address?wait=$wait");
    my $code = $reply->{code} // '';
    if ($code eq 'not_found') {
        # No proof that nothing was taken: what this till sent before it died may still be on its way.
        print "The bridge does not know $address (yet). It stays open. Safe is only the same number:\n",
            "    till.pl $command\n",
            "It charges once, however often it is sent. If the customer is gone, cancel it meanwhile.\n";
        return $open;
    }
    refused($reply) if $code;
    return settle($address, $reply);
}

if ($bridge !~ m{^https?://}) {
    print "BRIDGE_URL must begin with http:// or https://, as in http://127.0.0.1:7117\n";
    exit $refused;
}
my ($command, @words) = (@ARGV, '');
pop @words;
my $code = eval {
    $command eq 'sale' && @words == 2 ? start('/pay', reference => $words[0], amount => $words[1])
    : $command eq 'refund' && @words == 2 ? start('/refund', reference => $words[0], original_reference => $words[1])
    : $command eq 'refund' && @words == 3
    ? start('/refund', reference => $words[0], original_reference => $words[1], amount => $words[2])
    : $command eq 'cancel' && @words == 1 ? cancel($words[0])
    : $command eq 'signature' && @words == 2 && $words[1] =~ /^(yes|no)$/ ? sign(@words)
    : $command eq 'recover' && @words == 0 ? recover()
    : do {
        print "usage: sale REFERENCE AMOUNT | refund REFERENCE ORIGINAL [AMOUNT] | cancel REFERENCE",
            " | signature REFERENCE yes|no | recover\n";
        $refused;
    };
};
if (!defined $code) {
    my $not_asked = was_not_asked($@);
    print $not_asked ? "The bridge was $@" : "The bridge at $bridge does not answer: $@";
    $code = $not_asked ? $refused : $open;
}
exit $code;
