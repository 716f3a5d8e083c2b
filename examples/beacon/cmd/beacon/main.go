// Command beacon is the monitoring server.
package main

import (
	"context"
	"crypto/rand"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/google/uuid"

	"example.com/beacon/internal/api"
	"example.com/beacon/internal/config"
	"example.com/beacon/internal/monitoring"
	"example.com/beacon/internal/rbac"
	"example.com/beacon/internal/tenant"
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
	flags := flag.NewFlagSet("beacon", flag.ContinueOnError)
	flags.SetOutput(stderr)
	showVersion := flags.Bool("version", false, "print the version and exit")
	configPath := flags.String("config", "", "YAML `file`; without it the defaults hold")
	listen := flags.String("listen", "", "`address` to listen on, instead of the file's; port 0 picks a free one")
	dataDir := flags.String("data-dir", "", "`directory` of the organisations, instead of the file's")
	agentDir := flags.String("agent-dir", "", "`directory` of the agent binaries, instead of the file's")
	addressFile := flags.String("address-file", "", "`file` that receives the address once the server listens")
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return 0
		}
		return 2
	}
	if flags.NArg() > 0 {
		_, _ = fmt.Fprintf(stderr, "beacon: unexpected argument %q\n", flags.Arg(0))
		return 2
	}
	if *showVersion {
		_, _ = fmt.Fprintln(stdout, "beacon", version.String())
		return 0
	}

	settings := config.Default()
	if *configPath != "" {
		loaded, err := config.Load(*configPath)
		if err != nil {
			_, _ = fmt.Fprintln(stderr, "beacon:", err)
			return 1
		}
		settings = loaded
	}
	override(&settings.Listen, *listen)
	override(&settings.DataDir, *dataDir)
	override(&settings.AgentDir, *agentDir)

	log := slog.New(slog.NewTextHandler(stderr, nil))
	if err := serve(ctx, settings, *addressFile, log); err != nil {
		_, _ = fmt.Fprintln(stderr, "beacon:", err)
		return 1
	}
	return 0
}

func override(setting *string, flagValue string) {
	if flagValue != "" {
		*setting = flagValue
	}
}

// serve runs until ctx ends, then gives requests five seconds to finish.
func serve(ctx context.Context, settings config.Config, addressFile string, log *slog.Logger) (err error) {
	// What ends this function also ends the pollers, an early error included.
	ctx, cancel := context.WithCancel(ctx)
	var pollers sync.WaitGroup
	defer func() { cancel(); pollers.Wait() }()

	store, err := tenant.OpenStore(settings.DataDir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	access := rbac.NewManager(rbac.StoreOpener(store))
	defer func() { err = errors.Join(err, access.Close()) }()

	handler := &api.Server{
		Tenants: store, Access: access, Alerts: monitoring.NewStore(),
		Evaluator: monitoring.Evaluator{Rules: settings.Rules, Now: time.Now, NewID: uuid.NewString},
		AgentDir:  settings.AgentDir,
		Now:       time.Now, NewID: uuid.NewString, NewSecret: rand.Text, Log: log,
	}
	for _, source := range settings.TrueNAS {
		poller, err := newPoller(source)
		if err != nil {
			return err
		}
		view := handler.Alerts.For(source.Org)
		pollers.Go(func() { poll(ctx, poller, source.Interval, view, handler.Evaluator, log) })
	}

	listener, err := net.Listen("tcp", settings.Listen)
	if err != nil {
		return err
	}
	server := &http.Server{Handler: handler.Handler(), ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 30 * time.Second}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	log.Info("listening", "address", listener.Addr().String(), "version", version.String())
	if err := announce(addressFile, listener.Addr().String()); err != nil {
		return errors.Join(err, server.Close())
	}

	select {
	case err := <-served:
		return err
	case <-ctx.Done():
	}
	grace, cancelGrace := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancelGrace()
	return server.Shutdown(grace)
}

// announce renames into place: who sees the file sees the whole address.
func announce(path, address string) error {
	if path == "" {
		return nil
	}
	draft := filepath.Join(filepath.Dir(path), "."+filepath.Base(path)+".draft")
	if err := os.WriteFile(draft, []byte(address+"\n"), 0o600); err != nil {
		return err
	}
	return os.Rename(draft, path)
}

func newPoller(source config.TrueNAS) (*monitoring.TrueNAS, error) {
	key, err := os.ReadFile(source.APIKeyFile)
	if err != nil {
		return nil, fmt.Errorf("truenas %s: %w", source.Name, err)
	}
	return monitoring.NewTrueNAS(source.Name, source.URL, strings.TrimSpace(string(key))), nil
}

func poll(ctx context.Context, poller *monitoring.TrueNAS, every time.Duration, view monitoring.View, evaluator monitoring.Evaluator, log *slog.Logger) {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		samples, err := poller.Poll(ctx)
		if ctx.Err() != nil {
			return // a poll that our own end interrupted says nothing about the appliance
		}
		if err != nil {
			log.Warn("poll", "cause", err)
		}
		evaluator.Apply(view, samples)
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}
