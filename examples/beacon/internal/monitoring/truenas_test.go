package monitoring

import (
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
)

// appliance is a TrueNAS double on loopback: it wants the key "right".
func appliance(t *testing.T, answer http.HandlerFunc) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/api/v2.0/pool" || r.Header.Get("Authorization") != "Bearer right" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		answer(w, r)
	}))
	t.Cleanup(server.Close)
	return server
}

func pools(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, text) }
}

const healthyAndDegraded = `[
  {"name":"tank","status":"ONLINE","healthy":true,"size":1000,"allocated":250,"topology":{}},
  {"name":"old","status":"DEGRADED","healthy":false,"size":1000,"allocated":900}
]`

func TestTrueNASPoolsBecomeSamples(t *testing.T) {
	server := appliance(t, pools(healthyAndDegraded))
	samples, err := NewTrueNAS("nas", server.URL+"/", "right").Poll(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := []Sample{
		{"truenas/nas", MetricUnreachable, 0},
		{"truenas/nas/tank", MetricPoolUnhealthy, 0},
		{"truenas/nas/tank", MetricPoolUsed, 25},
		{"truenas/nas/old", MetricPoolUnhealthy, 1},
		{"truenas/nas/old", MetricPoolUsed, 90},
	}
	if !slices.Equal(samples, want) {
		t.Errorf("got  %v\nwant %v", samples, want)
	}
}

func TestTrueNASFailuresAreSamplesToo(t *testing.T) {
	redirected := appliance(t, pools("[]"))
	cases := map[string]struct {
		key    string
		answer http.HandlerFunc
		want   string
	}{
		"wrong key": {"wrong", pools("[]"), "status 401"},
		"not JSON":  {"right", pools("<html>"), "invalid character"},
		"endless":   {"right", pools(strings.Repeat(" ", maxPoolList+1)), "longer than"},
		"redirect": {"right", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, redirected.URL+r.URL.Path, http.StatusFound)
		}, "status 302"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			samples, err := NewTrueNAS("nas", appliance(t, c.answer).URL, c.key).Poll(t.Context())
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error: got %v, want one with %q", err, c.want)
			}
			if want := []Sample{{"truenas/nas", MetricUnreachable, 1}}; !slices.Equal(samples, want) {
				t.Errorf("samples: got %v, want %v", samples, want)
			}
			if err != nil && strings.Contains(err.Error(), c.key) {
				t.Errorf("the API key stands in the error: %v", err)
			}
		})
	}
}

// A pool alert must outlive an outage: not to hear of a broken pool does not
// mend it.
func TestTrueNASOutageClearsNoAlert(t *testing.T) {
	server := appliance(t, pools(healthyAndDegraded))
	poller, evaluator, view := NewTrueNAS("nas", server.URL, "right"), newEvaluator(), NewStore().For(id(t, "acme"))
	rules := func() (names []string) {
		for _, alert := range view.Alerts() {
			names = append(names, alert.Rule)
		}
		return names
	}

	samples, _ := poller.Poll(t.Context())
	evaluator.Apply(view, samples)
	if got, want := rules(), []string{"pool-full", "pool-unhealthy"}; !slices.Equal(got, want) {
		t.Fatalf("before the outage: got %v, want %v", got, want)
	}

	server.Close()
	samples, err := poller.Poll(t.Context())
	if err == nil {
		t.Fatal("polling a closed server succeeded")
	}
	evaluator.Apply(view, samples)
	if got, want := rules(), []string{"source-unreachable", "pool-full", "pool-unhealthy"}; !slices.Equal(got, want) {
		t.Errorf("during the outage: got %v, want %v", got, want)
	}
}
