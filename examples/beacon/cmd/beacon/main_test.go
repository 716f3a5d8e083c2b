package main

import (
	"bytes"
	"context"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestVersionAndUsage(t *testing.T) {
	for _, c := range []struct {
		args   []string
		code   int
		stdout string
		stderr string
	}{
		{[]string{"--version"}, 0, "beacon 0.0.0-dev\n", ""},
		{[]string{"serve"}, 2, "", `unexpected argument "serve"`},
		{[]string{"--no-such-flag"}, 2, "", "no-such-flag"},
		{[]string{"--config", "no-such-file"}, 1, "", "no-such-file"},
	} {
		var stdout, stderr bytes.Buffer
		code := run(t.Context(), c.args, &stdout, &stderr)
		if code != c.code || stdout.String() != c.stdout || !strings.Contains(stderr.String(), c.stderr) {
			t.Errorf("%v: got %d, %q, %q", c.args, code, stdout.String(), stderr.String())
		}
	}
}

func TestServeAnnouncesItselfAndEndsCleanly(t *testing.T) {
	dir := t.TempDir()
	addressFile := filepath.Join(dir, "address")
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var stdout, stderr bytes.Buffer
	ended := make(chan int, 1)
	go func() {
		args := []string{"--listen", "127.0.0.1:0", "--data-dir", filepath.Join(dir, "data"), "--address-file", addressFile}
		ended <- run(ctx, args, &stdout, &stderr)
	}()

	address := waitForFile(t, addressFile)
	response, err := http.Get("http://" + address + "/healthz")
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	if response.StatusCode != http.StatusOK {
		t.Errorf("/healthz: got %d", response.StatusCode)
	}

	stop()
	if code := <-ended; code != 0 {
		t.Errorf("ended with %d: %s", code, stderr.String())
	}
}

func waitForFile(t *testing.T, path string) string {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if text, err := os.ReadFile(path); err == nil {
			return strings.TrimSpace(string(text))
		}
	}
	t.Fatal("the server never wrote its address")
	return ""
}
