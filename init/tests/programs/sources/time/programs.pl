# Programs of the corpus in Perl: the first word names one; it prints `ok`, or dies.
use strict;
use warnings;
use POSIX ();
use Time::HiRes qw(clock_gettime CLOCK_MONOTONIC CLOCK_REALTIME);

sub about {
    my ($what, $passed, $least) = @_;
    die "$what: $passed s instead of $least s\n" if $passed < $least || $passed > $least + 60;
}

my %programs = (
    stopwatch => sub {
        my $began = [Time::HiRes::gettimeofday()];
        Time::HiRes::usleep(400_000);
        about("by the wall clock", Time::HiRes::tv_interval($began), 0.4 - 1e-5);
    },
    seconds => sub {
        my $began = time;
        select(undef, undef, undef, 1.1);
        die "still $began\n" unless time > $began;
    },
    started => sub {
        die "began at $^T, it is ", time, "\n" if abs(time - $^T) > 60 || $^T > time;
    },
    agree => sub {
        for (1 .. 100) {
            my @all = (clock_gettime(CLOCK_REALTIME), Time::HiRes::time(), clock_gettime(CLOCK_REALTIME));
            die "@all\n" if $all[1] < $all[0] - 1e-5 || $all[2] < $all[1] - 1e-5 || time > clock_gettime(CLOCK_REALTIME);
        }
        my $text = POSIX::strftime("%Y-%m-%d", gmtime);
        my $date = `date -u +%F`;
        chomp $date;
        die "$text and $date\n" if $text ne $date;
    },
    deadline => sub {
        my $until = Time::HiRes::time() + 0.3;
        Time::HiRes::sleep(0.02) while Time::HiRes::time() < $until;
    },
    alarm => sub {
        my $began = clock_gettime(CLOCK_MONOTONIC);
        local $SIG{ALRM} = sub { die "alarm\n" };
        Time::HiRes::alarm(0.3);
        eval { sleep 60 };
        die "not the alarm: $@" if $@ ne "alarm\n";
        about("the alarm", clock_gettime(CLOCK_MONOTONIC) - $began, 0.29);
    },
    children => sub {
        my $last = Time::HiRes::time();
        for (1 .. 5) {
            open my $child, "-|", $^X, "-MTime::HiRes", "-e", "printf '%.6f', Time::HiRes::time()" or die;
            my $inside = <$child>;
            close $child;
            die "$inside after $last\n" if $inside < $last - 1e-5;
            $last = $inside;
        }
        die "in the past\n" if Time::HiRes::time() < $last - 1e-5;
    },
);

($programs{$ARGV[0]} || die "no such program\n")->();
print "ok\n";
