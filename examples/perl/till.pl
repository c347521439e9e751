#!/usr/bin/env perl
# A small, complete till with LWP, or HTTP::Tiny where there is no LWP: a form goes out, lines of key=value come back.
#
#   till.pl sale REFERENCE AMOUNT               399.00 is 39900
#   till.pl refund REFERENCE ORIGINAL [AMOUNT]  all that is left, when no amount is given
#   till.pl cancel REFERENCE                    stop a sale that another till process waits for
#   till.pl recover                             after a crash or a power cut: finish what was open
#
# BRIDGE_URL, TILL_KEY and TILL_NOTE (the file that remembers what is open) configure it.
# Exit codes: 0 done, 1 not done and nothing was taken, 2 refused, 3 not known yet: run recover.
use strict;
use warnings;
use IO::Handle;

my $bridge = $ENV{BRIDGE_URL} || 'http://127.0.0.1:7117';
my $key = $ENV{TILL_KEY} || 'demo-key';
my $note = $ENV{TILL_NOTE} || 'till-open.txt';
my $wait = 30;         # seconds that the bridge may hold a call; the socket below waits longer
my $patience = 180;    # seconds until the cashier is told that the outcome is open
my ($done, $not_done, $refused, $open) = (0, 1, 2, 3);
STDOUT->autoflush(1);

# One call and its reply; it dies when there was no answer.
sub call {
    my ($method, $path, $form) = @_;
    my %headers = (Authorization => "Bearer $key", Accept => 'text/plain');
    $headers{'Content-Type'} = 'application/x-www-form-urlencoded; charset=utf-8' if defined $form;
    my ($status, $text);
    if (eval { require LWP::UserAgent; 1 }) {
        my $agent = LWP::UserAgent->new(timeout => $wait + 10);
        my $answer = $agent->request(HTTP::Request->new($method, "$bridge$path", [%headers], $form // ''));
        die $answer->status_line . "\n" if $answer->header('Client-Warning');
        ($status, $text) = ($answer->code, $answer->content);
    } else {
        require HTTP::Tiny;
        my $answer = HTTP::Tiny->new(timeout => $wait + 10)
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
    my ($path, $form) = @_;
    my $deadline = time + $patience;
    while (time < $deadline) {
        my $reply = eval { call('POST', $path, "$form&wait=$wait") };
        if ($reply) {
            # A problem has a code; an operation has not.
            my $retry = $reply->{retry} // '';
            return $reply if ($reply->{final} // '') eq 'true' || $retry eq 'operator';
            return $reply if $reply->{code} && $retry ne 'same_reference';
            print $reply->{message} // $reply->{detail}, "\n";
        } else {
            chomp(my $why = $@);
            print "No answer ($why); asking again with the same reference ...\n";
        }
        sleep 1;
    }
    return {};
}

# Writes down what is about to be asked, before it is: a till that dies asks for the same again.
sub remember {
    open my $file, '>', $note or die "$note: $!\n";
    print $file "$_[0]\n$_[1]\n";
    $file->flush;
    $file->sync;
    close $file;
}

# Shows the outcome, prints the receipt, books it, and forgets the note.
sub settle {
    my ($path, $reply) = @_;
    if ($reply->{code}) {
        print "Refused: $reply->{code}: $reply->{detail}\n";
        unlink $note;
        return $refused;
    }
    if (($reply->{final} // '') ne 'true') {
        print "NOT KNOWN: do not hand out the goods, do not sell again; look at the terminal's receipt, then recover.\n";
        return $open;
    }
    print "$reply->{message}\n";
    if ($reply->{status} eq 'approved') {
        printf "%s %s %.2f %s\n", @$reply{qw(kind reference)}, $reply->{amount_approved} / 100, $reply->{currency};
        print $reply->{'receipt.customer'} // '', "\n";
    }
    # Here a real till writes the result into its books, before the note goes.
    call('POST', "$path/" . encoded($reply->{reference}) . '/ack', '');
    unlink $note;
    return $reply->{status} eq 'approved' ? $done : $not_done;
}

sub start {
    my ($path, $form) = @_;
    if (-e $note) { print "Something is open still: run recover first.\n"; return $open }
    remember($path, $form);
    return settle($path, ask_until_final($path, $form));
}

# Asks to stop; the reply tells what really happened, and an approval wins.
sub cancel {
    my $reply = call('POST', '/pay/' . encoded($_[0]) . '/cancel', "wait=$wait");
    print $reply->{message} // $reply->{detail}, "\n";
    return $refused if $reply->{code};
    return $open if $reply->{final} ne 'true';
    return $reply->{status} eq 'cancelled' ? $done : $not_done;
}

sub recover {
    my $last = call('GET', '/last');
    open my $file, '<', $note or do {
        print 'Nothing is open. The last was: ', $last->{reference} // 'none', ' ', $last->{status} // '', "\n";
        return $done;
    };
    chomp(my ($path, $form) = <$file>);
    close $file;
    my $kind = $path eq '/pay' ? 'sale' : 'refund';
    my $same = ($last->{kind} // '') eq $kind && index($form, form(reference => $last->{reference}) . '&') == 0;
    return settle($path, $last) if $same && $last->{final} eq 'true';
    # Under way, or it never arrived: the same reference again joins it, or starts it.
    return settle($path, ask_until_final($path, $form));
}

my ($command, @words) = (@ARGV, '');
pop @words;
my $code = eval {
    $command eq 'sale' && @words == 2 ? start('/pay', form(reference => $words[0], amount => $words[1]))
    : $command eq 'refund' && @words == 2 ? start('/refund', form(reference => $words[0], original_reference => $words[1]))
    : $command eq 'refund' && @words == 3
    ? start('/refund', form(reference => $words[0], original_reference => $words[1], amount => $words[2]))
    : $command eq 'cancel' && @words == 1 ? cancel($words[0])
    : $command eq 'recover' && @words == 0 ? recover()
    : do { print "usage: sale REFERENCE AMOUNT | refund REFERENCE ORIGINAL [AMOUNT] | cancel REFERENCE | recover\n"; $refused };
};
print "The bridge at $bridge does not answer: $@" unless defined $code;
exit($code // $open);
