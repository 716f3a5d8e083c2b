// Package agent measures one machine and reports to a beacon server.
package agent

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"example.com/beacon/internal/version"
)

// Agent reports under a name with an organisation's agent token.
type Agent struct {
	Server string // such as https://beacon.acme.test
	Name   string
	Token  string // ORG.SECRET
	// Meminfo yields the text of /proc/meminfo.
	Meminfo func() ([]byte, error)
	Client  *http.Client
}

// NewClient returns a client that gives up after ten seconds and follows no
// redirect, since that would carry the token elsewhere.
func NewClient() *http.Client {
	return &http.Client{
		Timeout:       10 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// Report measures and sends one heartbeat.
func (a Agent) Report(ctx context.Context) (err error) {
	org, _, isToken := strings.Cut(a.Token, ".")
	if !isToken {
		return errors.New("the token must have the form ORG.SECRET")
	}
	text, err := a.Meminfo()
	if err != nil {
		return err
	}
	used, err := memoryUsedPercent(text)
	if err != nil {
		return err
	}
	body, err := json.Marshal(map[string]any{
		"agent":   a.Name,
		"version": version.String(),
		"metrics": map[string]float64{"memory_used_percent": used},
	})
	if err != nil {
		return err
	}
	url := strings.TrimSuffix(a.Server, "/") + "/api/orgs/" + org + "/heartbeats"
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", "Bearer "+a.Token)
	request.Header.Set("Content-Type", "application/json")
	response, err := a.Client.Do(request)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, response.Body.Close()) }()
	if response.StatusCode != http.StatusNoContent {
		detail, _ := io.ReadAll(io.LimitReader(response.Body, 512))
		return fmt.Errorf("heartbeat refused: status %d: %s", response.StatusCode, bytes.TrimSpace(detail))
	}
	return nil
}

// memoryUsedPercent asks for MemAvailable and not MemFree: memory that caches
// occupy is not used up.
func memoryUsedPercent(meminfo []byte) (float64, error) {
	kilobytes := map[string]float64{}
	lines := bufio.NewScanner(bytes.NewReader(meminfo))
	for lines.Scan() {
		fields := strings.Fields(lines.Text())
		if len(fields) < 2 {
			continue
		}
		if n, err := strconv.ParseFloat(fields[1], 64); err == nil {
			kilobytes[strings.TrimSuffix(fields[0], ":")] = n
		}
	}
	total, free := kilobytes["MemTotal"], kilobytes["MemAvailable"]
	if total <= 0 || free < 0 || free > total {
		return 0, fmt.Errorf("meminfo makes no sense: MemTotal %v, MemAvailable %v", total, free)
	}
	return 100 * (total - free) / total, nil
}
