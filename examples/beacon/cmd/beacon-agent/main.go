// Command beacon-agent reports one machine's state to a beacon server.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"example.com/beacon/internal/agent"
	"example.com/beacon/internal/version"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// run is main without the process: 0 is a clean end, 1 a failure, 2 a usage
// error.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("beacon-agent", flag.ContinueOnError)
	flags.SetOutput(stderr)
	showVersion := flags.Bool("version", false, "print the version and exit")
	server := flags.String("server", "", "base `URL` of the beacon server")
	name := flags.String("name", "", "`name` to report under; the host's name unless told otherwise")
	// A file and not a flag for the token itself: every user of a machine can
	// read the arguments of every process.
	tokenFile := flags.String("token-file", "", "`file` that holds the agent token")
	once := flags.Bool("once", false, "send one heartbeat and exit")
	interval := flags.Duration("interval", 30*time.Second, "time between heartbeats")
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return 0
		}
		return 2
	}
	if *showVersion {
		_, _ = fmt.Fprintln(stdout, "beacon-agent", version.String())
		return 0
	}
	if *server == "" || *tokenFile == "" || flags.NArg() > 0 || *interval < time.Second {
		_, _ = fmt.Fprintln(stderr, "beacon-agent: --server and --token-file are required, --interval is 1s or more, and there are no arguments")
		return 2
	}
	token, err := os.ReadFile(*tokenFile)
	if err != nil {
		_, _ = fmt.Fprintln(stderr, "beacon-agent:", err)
		return 1
	}
	if *name == "" {
		if *name, err = os.Hostname(); err != nil {
			_, _ = fmt.Fprintln(stderr, "beacon-agent:", err)
			return 1
		}
	}
	reporter := agent.Agent{
		Server: *server, Name: *name, Token: strings.TrimSpace(string(token)),
		Meminfo: func() ([]byte, error) { return os.ReadFile("/proc/meminfo") },
		Client:  agent.NewClient(),
	}
	if *once {
		if err := reporter.Report(ctx); err != nil {
			_, _ = fmt.Fprintln(stderr, "beacon-agent:", err)
			return 1
		}
		return 0
	}
	loop(ctx, reporter, *interval, stderr)
	return 0
}

// loop goes on after a failed heartbeat: the server may be restarting.
func loop(ctx context.Context, reporter agent.Agent, every time.Duration, stderr io.Writer) {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		if err := reporter.Report(ctx); err != nil && ctx.Err() == nil {
			_, _ = fmt.Fprintln(stderr, "beacon-agent:", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}
