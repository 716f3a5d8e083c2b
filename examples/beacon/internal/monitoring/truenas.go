package monitoring

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// The metrics that a TrueNAS source yields.
const (
	MetricPoolUnhealthy = "pool_unhealthy"
	MetricPoolUsed      = "pool_used_percent"
	MetricUnreachable   = "source_unreachable"
)

// maxPoolList caps the answer: the appliance is not ours, and a poller that
// reads without end is a way to take the server down.
const maxPoolList = 1 << 20

// TrueNAS polls the storage pools of one appliance for one organisation.
type TrueNAS struct {
	Name    string
	BaseURL string
	APIKey  string
	Client  *http.Client
}

// NewTrueNAS returns a poller that gives up after ten seconds and follows no
// redirect: one would carry the API key to wherever it points.
func NewTrueNAS(name, baseURL, apiKey string) *TrueNAS {
	return &TrueNAS{
		Name: name, BaseURL: strings.TrimSuffix(baseURL, "/"), APIKey: apiKey,
		Client: &http.Client{
			Timeout:       10 * time.Second,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
}

type pool struct {
	Name      string  `json:"name"`
	Status    string  `json:"status"`
	Healthy   bool    `json:"healthy"`
	Size      float64 `json:"size"`
	Allocated float64 `json:"allocated"`
}

// Poll returns the samples of one round. A failed round is a sample too, so
// that a dead appliance rings; the error says why, for the log.
func (t *TrueNAS) Poll(ctx context.Context) ([]Sample, error) {
	subject := "truenas/" + t.Name
	pools, err := t.pools(ctx)
	if err != nil {
		return []Sample{{Subject: subject, Metric: MetricUnreachable, Value: 1}}, fmt.Errorf("%s: %w", subject, err)
	}
	samples := []Sample{{Subject: subject, Metric: MetricUnreachable, Value: 0}}
	for _, p := range pools {
		name := subject + "/" + p.Name
		unhealthy := 0.0
		if !p.Healthy || p.Status != "ONLINE" {
			unhealthy = 1
		}
		samples = append(samples, Sample{Subject: name, Metric: MetricPoolUnhealthy, Value: unhealthy})
		if p.Size > 0 {
			samples = append(samples, Sample{Subject: name, Metric: MetricPoolUsed, Value: 100 * p.Allocated / p.Size})
		}
	}
	return samples, nil
}

func (t *TrueNAS) pools(ctx context.Context) (pools []pool, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, t.BaseURL+"/api/v2.0/pool", nil)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Authorization", "Bearer "+t.APIKey)
	response, err := t.Client.Do(request)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, response.Body.Close()) }()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("list pools: status %d", response.StatusCode)
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, maxPoolList+1))
	if err != nil {
		return nil, fmt.Errorf("list pools: %w", err)
	}
	if len(body) > maxPoolList {
		return nil, fmt.Errorf("list pools: answer is longer than %d bytes", maxPoolList)
	}
	if err := json.Unmarshal(body, &pools); err != nil {
		return nil, fmt.Errorf("list pools: %w", err)
	}
	return pools, nil
}
