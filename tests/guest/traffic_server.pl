#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# Servers for the network load of a guest, on loopback addresses of the host. Prints two ports: one
# answers every connection with a web page, the bytes of FILE; one swallows what comes. Ends when
# standard input ends.
# usage: traffic_server.pl FILE
use strict;
use warnings;
use IO::Select;
use IO::Socket::INET;

my ($file) = @ARGV;
open(my $in, '<:raw', $file) or die "$file: $!";
my $page = do { local $/; <$in> };
my ($source, $sink) = map {
    IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 64, Proto => 'tcp') or die "listen: $!"
} 1 .. 2;
$SIG{PIPE} = $SIG{CHLD} = 'IGNORE';
$| = 1;
print $source->sockport, ' ', $sink->sockport, "\n";

sub serve {
    my ($client, $sends) = @_;
    return if fork;
    close STDIN;
    close STDOUT;
    if ($sends) {
        sysread($client, my $request, 4096);
        my $answer = "HTTP/1.0 200 OK\r\nContent-Length: " . length($page) . "\r\n\r\n" . $page;
        my $done = 0;
        while ($done < length $answer) {
            $done += syswrite($client, $answer, 65536, $done) // last;
        }
        shutdown($client, 1);
    }
    while (sysread($client, my $bytes, 65536)) { }
    exit 0;
}

my $waiting = IO::Select->new($source, $sink, \*STDIN);
while (1) {
    for my $ready ($waiting->can_read) {
        exit 0 if $ready == \*STDIN;
        my $client = $ready->accept or next;
        serve($client, $ready == $source);
        close $client;
    }
}
